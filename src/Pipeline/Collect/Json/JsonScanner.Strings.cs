using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Pipeline.Model;

namespace Pipeline.Collect.Json;

/// <content>
/// Strings: scanned 32 bytes at a time and unescaped into a scratch buffer; the raw bytes are not copied.
/// </content>
internal abstract partial class JsonScanner
{
    /// <summary>Maximum length of a member name, bytes, in an object that the scanner descends into.</summary>
    public const int MaxNameBytes = 1024;

    private const int TextBytes = 64 * 1024;

    /// <summary>
    /// Number of bytes scanned at once. Unescaping never lengthens text; the rest of the scratch buffer is room for one
    /// full vector store and a pending escape.
    /// </summary>
    public const int PieceBytes = TextBytes - 64;

    private byte[] _text = [];
    private int _textBytes;
    private bool _isName;
    private bool _wantsText;
    private byte[] _name = [];
    private int _nameBytes;

    private void StartString(bool isName)
    {
        _isName = isName;
        _wantsText = isName ? !_raw : _depth == _rawDepth;
        (_textBytes, _nameBytes) = (0, 0);
        _state = State.String;
    }

    private int ScanString(ReadOnlySpan<byte> piece, int at)
    {
        var text = _text.AsSpan(0, TextBytes);
        var written = _textBytes;
        while ((at = CopyPlain(piece, CopyBlocks(piece, at, text, ref written), text, ref written)) < piece.Length)
        {
            // Common escapes that are complete are handled here; all others byte by byte.
            if (piece[at] == '\\')
            {
                if (at + 1 < piece.Length && Unescaped[piece[at + 1]] is var simple and not 0)
                {
                    text[written++] = simple;
                    at += 2;
                    continue;
                }
                if (ReadRune(piece, at, out var rune) is var length and > 0)
                {
                    written += rune.EncodeToUtf8(text[written..]);
                    at += length;
                    continue;
                }
                StartEscape(piece, at++);
                break;
            }
            if (piece[at] != '"')
                throw Invalid("has a raw control character in a string", at);
            _textBytes = written;
            EndString(piece, at + 1);
            return at + 1;
        }
        _textBytes = written;
        return at;
    }

    /// <summary>A bit mask of the quotes, backslashes and control characters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Specials(Vector256<byte> bytes) =>
        (Vector256.Equals(bytes, Vector256.Create((byte)'"')) | Vector256.Equals(bytes, Vector256.Create((byte)'\\')) |
            Vector256.Equals(Vector256.Min(bytes, Vector256.Create((byte)0x1F)), bytes)).ExtractMostSignificantBits();

    /// <summary>
    /// Copies up to the next quote, backslash or control character, or the end of the piece, and returns that index.
    /// </summary>
    private static int CopyPlain(ReadOnlySpan<byte> piece, int at, Span<byte> text, ref int written)
    {
        ref var from = ref MemoryMarshal.GetReference(piece);
        ref var to = ref MemoryMarshal.GetReference(text);
        var count = written;
        for (; piece.Length - at >= Vector256<byte>.Count; at += Vector256<byte>.Count, count += Vector256<byte>.Count)
        {
            var bytes = Vector256.LoadUnsafe(ref from, (nuint)at);
            bytes.StoreUnsafe(ref to, (nuint)count);
            var specials = Specials(bytes);
            if (specials == 0)
                continue;
            var plain = BitOperations.TrailingZeroCount(specials);
            written = count + plain;
            return at + plain;
        }
        for (; at < piece.Length && piece[at] is not ((byte)'"' or (byte)'\\' or < 0x20); at++)
            text[count++] = piece[at];
        written = count;
        return at;
    }

    private void EndString(ReadOnlySpan<byte> piece, int end)
    {
        if (_isName && _wantsText)
        {
            if (_nameBytes > 0 || _textBytes > MaxNameBytes)
                SendText();
            OnName(_nameBytes > 0 ? _name.AsSpan(0, _nameBytes) : _text.AsSpan(0, _textBytes));
        }
        else
        {
            SendText();
        }
        if (_isName)
            _state = State.Colon;
        else
            EndValue(piece, end);
    }

    /// <summary>Passes on the text so far of a string that may continue in the next piece.</summary>
    private void SendText()
    {
        if (_wantsText && _isName)
            KeepName(_text.AsSpan(0, _textBytes));
        else if (_wantsText && _textBytes > 0)
            OnText(_text.AsSpan(0, _textBytes));
        _textBytes = 0;
    }

    private void KeepName(ReadOnlySpan<byte> text)
    {
        if (_nameBytes + text.Length > MaxNameBytes)
            throw PipelineException.Permanent(
                FailureReasons.ResultInvalid,
                $"The result document has a field name of more than {MaxNameBytes} bytes around byte {_base}.");
        if (_name.Length == 0)
            _name = new byte[MaxNameBytes];
        text.CopyTo(_name.AsSpan(_nameBytes));
        _nameBytes += text.Length;
    }

    private void ReturnText()
    {
        if (_text.Length > 0)
            ArrayPool<byte>.Shared.Return(_text);
        _text = [];
    }
}
