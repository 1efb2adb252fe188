using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace Pipeline.Collect;

/// <content>Strings: searched 32 bytes at a time and unescaped on the way into a scratch, while the raw bytes stay where they are.</content>
internal abstract partial class JsonScanner
{
    /// <summary>The longest name of a member that is followed, bytes.</summary>
    public const int MaxNameBytes = 1024;

    private const int TextBytes = 64 * 1024;

    /// <summary>How much is scanned at once. It never unescapes to more than its own length; what is left of the scratch is room for a whole vector store and a pending escape.</summary>
    public const int PieceBytes = TextBytes - 64;

    // What stands for a backslash and a byte; 0 where that is no escape of two bytes.
    private static readonly byte[] Unescaped = MakeUnescaped();

    private byte[] _text = [];
    private int _textBytes;
    private bool _isName;
    private bool _wantsText;
    private byte[] _name = [];
    private int _nameBytes;

    // Within an escape: 0 after the backslash, 1-4 before each hex digit, 5 and 6 before the backslash and the u of a low surrogate.
    private int _escape;
    private int _code;
    private int _highSurrogate;

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
            // The frequent forms of an escape here, where they are whole; everything else goes byte by byte.
            if (piece[at] == '\\')
            {
                if (at + 1 < piece.Length && Unescaped[piece[at + 1]] is var simple and not 0)
                {
                    text[written++] = simple;
                    at += 2;
                    continue;
                }
                if (at + 6 <= piece.Length && piece[at + 1] == 'u' && HexValue(piece.Slice(at + 2, 4)) is var code and >= 0 && Rune.TryCreate(code, out var rune))
                {
                    written += rune.EncodeToUtf8(text[written..]);
                    at += 6;
                    continue;
                }
                (_state, _escape, _highSurrogate) = (State.Escape, 0, 0);
                at++;
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

    /// <summary>A bit for each quote, backslash and control character.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Specials(Vector256<byte> bytes) =>
        (Vector256.Equals(bytes, Vector256.Create((byte)'"')) | Vector256.Equals(bytes, Vector256.Create((byte)'\\')) |
            Vector256.Equals(Vector256.Min(bytes, Vector256.Create((byte)0x1F)), bytes)).ExtractMostSignificantBits();

    /// <summary>Copies up to the next quote, backslash or control character, or the end of the piece, and says where that is.</summary>
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

    private int ScanEscape(ReadOnlySpan<byte> piece, int at)
    {
        for (; at < piece.Length && _state == State.Escape; at++)
        {
            var b = piece[at];
            switch (_escape)
            {
                case 0 when b == 'u':
                case 6 when b == 'u':
                    (_escape, _code) = (1, 0);
                    break;
                case 0 when Unescaped[b] is var simple and not 0:
                    _text[_textBytes++] = simple;
                    _state = State.String;
                    break;
                case >= 1 and <= 4 when HexValue([b]) is var digit and >= 0:
                    _code = (_code << 4) | digit;
                    if (_escape++ == 4)
                        EndCode(at);
                    break;
                case 5 when b == '\\':
                    _escape = 6;
                    break;
                case 5 or 6:
                    throw Invalid("has a lone surrogate in a string", at);
                default:
                    throw Invalid("has an invalid escape in a string", at);
            }
        }
        return at;
    }

    private void EndCode(int at)
    {
        if (_highSurrogate == 0 && char.IsHighSurrogate((char)_code))
        {
            (_highSurrogate, _escape) = (_code, 5);
            return;
        }
        var whole = _highSurrogate == 0 ? Rune.TryCreate(_code, out var rune) : Rune.TryCreate((char)_highSurrogate, (char)_code, out rune);
        if (!whole)
            throw Invalid("has a lone surrogate in a string", at);
        _textBytes += rune.EncodeToUtf8(_text.AsSpan(_textBytes));
        _state = State.String;
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

    /// <summary>Hands on the text so far, of a string that may go on in the next piece.</summary>
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
            throw PipelineException.Permanent(FailureReasons.ResultInvalid, $"The result document has a field name of more than {MaxNameBytes} bytes around byte {_base}.");
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

    private static byte[] MakeUnescaped()
    {
        var table = new byte[256];
        for (var i = 0; i < 8; i++)
            table["\"\\/nrtbf"u8[i]] = "\"\\/\n\r\t\b\f"u8[i];
        return table;
    }

    /// <summary>The value of hex digits; -1 where one is none.</summary>
    private static int HexValue(ReadOnlySpan<byte> digits)
    {
        var value = 0;
        foreach (var digit in digits)
        {
            var nibble = digit switch
            {
                >= (byte)'0' and <= (byte)'9' => digit - '0',
                >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
                >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
                _ => -1,
            };
            if (nibble < 0)
                return -1;
            value = (value << 4) | nibble;
        }
        return value;
    }
}
