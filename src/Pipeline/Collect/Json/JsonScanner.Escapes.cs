using System.Text;

namespace Pipeline.Collect.Json;

/// <content>
/// Escapes. A complete escape is read at once. Escapes cut by the end of a piece and lone surrogates (<c>\ud83d</c>
/// alone, which JavaScript's <c>substring</c> can leave) are read byte by byte. A lone surrogate is written as
/// <c>\ufffd</c>, which has the same length, so no other raw byte changes.
/// </content>
internal abstract partial class JsonScanner
{
    private const int CodeBytes = 6;

    // The character that a backslash and a byte stand for; 0 if they are not a two-byte escape.
    private static readonly byte[] Unescaped = MakeUnescaped();

    // The raw bytes of the escape, or of two escapes that may be a surrogate pair.
    private readonly byte[] _escapeRaw = new byte[2 * CodeBytes];
    private int _escapeBytes;

    // Position in the escape: 0 after the backslash, 1-4 before each hex digit, 5 and 6 before the backslash and the u
    // of a low surrogate.
    private int _escape;
    private int _code;
    private int _highSurrogate;

    /// <summary>Reads a complete <c>\uXXXX</c> or a surrogate pair. Returns its length; 0 if there is none.</summary>
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
        at + CodeBytes <= piece.Length && piece[at] == '\\' && piece[at + 1] == 'u'
            ? HexValue(piece.Slice(at + 2, 4))
            : -1;

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
                // The escape is over; this byte is ordinary text.
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

    /// <summary>Ends the escape; ordinary text resumes at index <paramref name="end"/>.</summary>
    private void EndEscape(int end)
    {
        if (_raw && _escapeBytes > 0)
            OnRaw(_escapeRaw.AsSpan(0, _escapeBytes));
        (_state, _rawFrom) = (State.String, end);
    }

    /// <summary>Replaces a lone high surrogate and keeps the escape that follows it.</summary>
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

    /// <summary>The value of hex digits; -1 if one is not a hex digit.</summary>
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
