using System.Text;

namespace Pipeline.Collect.Json;

/// <content>
/// Escapes. The whole ones are read at once; byte by byte go those that the end of a piece cuts, and halves of
/// surrogate pairs (<c>\ud83d</c> alone, as JavaScript's <c>substring</c> leaves it). Those are written as
/// <c>\ufffd</c>, which is as long, so nothing else of the raw bytes changes.
/// </content>
internal abstract partial class JsonScanner
{
    private const int CodeBytes = 6;

    // What stands for a backslash and a byte; 0 where that is no escape of two bytes.
    private static readonly byte[] Unescaped = MakeUnescaped();

    // The raw bytes of the escape, or of the two that may be a pair.
    private readonly byte[] _escapeRaw = new byte[2 * CodeBytes];
    private int _escapeBytes;

    // 0 after the backslash, 1-4 before each hex digit, 5 and 6 before the backslash and the u of a low surrogate.
    private int _escape;
    private int _code;
    private int _highSurrogate;

    /// <summary>Reads a whole <c>\uXXXX</c>, or a pair of them; 0 where there is none.</summary>
    private static int ReadRune(ReadOnlySpan<byte> piece, int at, out Rune rune)
    {
        if (ReadCode(piece, at) is not (>= 0 and var code))
            rune = default;
        else if (Rune.TryCreate(code, out rune))
            return CodeBytes;
        else if (ReadCode(piece, at + CodeBytes) is >= 0 and var low && Rune.TryCreate((char)code, (char)low, out rune))
            return 2 * CodeBytes;
        return 0;
    }

    private static int ReadCode(ReadOnlySpan<byte> piece, int at) =>
        at + CodeBytes <= piece.Length && piece[at] == '\\' && piece[at + 1] == 'u' ? HexValue(piece.Slice(at + 2, 4)) : -1;

    private void StartEscape(ReadOnlySpan<byte> piece, int at)
    {
        if (_raw)
            OnRaw(piece[_rawFrom..at]);
        (_state, _escape, _highSurrogate) = (State.Escape, 0, 0);
        _escapeRaw[0] = (byte)'\\';
        _escapeBytes = 1;
    }

    private int ScanEscape(ReadOnlySpan<byte> piece, int at)
    {
        while (at < piece.Length && _state == State.Escape)
        {
            var b = piece[at];
            if (_escape == 5 && b != '\\')
            {
                // This byte is text again.
                ReplaceHigh();
                EndEscape(at);
                break;
            }
            if (_escape == 6 && b != 'u')
            {
                ReplaceHigh();
                _escape = 0;
            }
            _escapeRaw[_escapeBytes++] = b;
            at++;
            ScanEscaped(b, at);
        }
        return at;
    }

    private void ScanEscaped(byte b, int end)
    {
        switch (_escape)
        {
            case 0 or 6 when b == 'u':
                (_escape, _code) = (1, 0);
                break;
            case 0 when Unescaped[b] is var simple and not 0:
                _text[_textBytes++] = simple;
                EndEscape(end);
                break;
            case >= 1 and <= 4 when HexValue([b]) is var digit and >= 0:
                _code = (_code << 4) | digit;
                if (_escape++ == 4)
                    EndCode(end);
                break;
            case 5:
                _escape = 6;
                break;
            default:
                throw Invalid("has an invalid escape in a string", end - 1);
        }
    }

    private void EndCode(int end)
    {
        if (_highSurrogate != 0 && Rune.TryCreate((char)_highSurrogate, (char)_code, out var rune))
        {
            _textBytes += rune.EncodeToUtf8(_text.AsSpan(_textBytes));
            EndEscape(end);
            return;
        }
        if (_highSurrogate != 0)
            ReplaceHigh();
        if (char.IsHighSurrogate((char)_code))
        {
            (_highSurrogate, _escape) = (_code, 5);
            return;
        }
        if (Rune.TryCreate(_code, out rune))
            _textBytes += rune.EncodeToUtf8(_text.AsSpan(_textBytes));
        else
            Replace();
        EndEscape(end);
    }

    /// <summary>The text goes on at <paramref name="end"/>.</summary>
    private void EndEscape(int end)
    {
        if (_raw && _escapeBytes > 0)
            OnRaw(_escapeRaw.AsSpan(0, _escapeBytes));
        (_state, _rawFrom) = (State.String, end);
    }

    /// <summary>The first of the escapes is half a pair; what follows it stays.</summary>
    private void ReplaceHigh()
    {
        Replace();
        if (_raw)
            OnRaw(_escapeRaw.AsSpan(0, CodeBytes));
        _escapeBytes -= CodeBytes;
        _escapeRaw.AsSpan(CodeBytes, _escapeBytes).CopyTo(_escapeRaw);
        _highSurrogate = 0;
    }

    private void Replace()
    {
        LoneSurrogates++;
        "\\ufffd"u8.CopyTo(_escapeRaw);
        _textBytes += Rune.ReplacementChar.EncodeToUtf8(_text.AsSpan(_textBytes));
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
