using System.Buffers;
using System.Text;

namespace Pipeline.Records;

/// <summary>
/// Removes the JSON escapes of a string that arrives in pieces. A lone surrogate, which is not text, becomes U+FFFD, as
/// in the records themselves.
/// </summary>
internal struct TextUnescaper
{
    private static readonly SearchValues<byte> Special = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(i => (byte)i), (byte)'"', (byte)'\\']);

    private int _hexDigits;
    private int _code;
    private char _high;
    private bool _escaped;

    /// <summary>Reads as much of the string as the piece has.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="isEnd">Whether the string has ended.</param>
    /// <param name="write">Receives the text in UTF-8.</param>
    /// <returns>Number of bytes read, including the closing quotation mark.</returns>
    /// <exception cref="FormatException">It is not a JSON string.</exception>
    public int Read(ReadOnlySpan<byte> piece, out bool isEnd, SpanAction write)
    {
        isEnd = false;
        var at = 0;
        while (at < piece.Length)
        {
            if (_hexDigits > 0)
                ReadHex(piece[at++], write);
            else if (_escaped)
                ReadEscape(piece[at++], write);
            else if (piece[at] == '\\')
                (_escaped, at) = (true, at + 1);
            else if (piece[at] == '"')
            {
                FlushSurrogate(write);
                isEnd = true;
                return at + 1;
            }
            else
                at += ReadPlain(piece[at..], write);
        }
        return at;
    }

    public delegate void SpanAction(ReadOnlySpan<byte> text);

    private int ReadPlain(ReadOnlySpan<byte> piece, SpanAction write)
    {
        FlushSurrogate(write);
        var length = piece.IndexOfAny(Special);
        if (length == 0)
            throw new FormatException("a string holds a control character");
        var text = length < 0 ? piece : piece[..length];
        write(text);
        return text.Length;
    }

    private void ReadEscape(byte escape, SpanAction write)
    {
        _escaped = false;
        if (escape == 'u')
        {
            (_hexDigits, _code) = (4, 0);
            return;
        }
        FlushSurrogate(write);
        write([escape switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' => escape,
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            _ => throw new FormatException("a string holds an unknown escape"),
        }]);
    }

    private void ReadHex(byte digit, SpanAction write)
    {
        if (!char.IsAsciiHexDigit((char)digit))
            throw new FormatException("a string holds an incomplete \\u escape");
        _code = (_code << 4) | Convert.ToInt32(((char)digit).ToString(), 16);
        if (--_hexDigits > 0)
            return;
        var unit = (char)_code;
        if (char.IsLowSurrogate(unit) && _high != 0)
        {
            Write(new Rune(_high, unit), write);
            _high = '\0';
            return;
        }
        FlushSurrogate(write);
        if (char.IsHighSurrogate(unit))
            _high = unit;
        else
            Write(Rune.TryCreate(unit, out var rune) ? rune : Rune.ReplacementChar, write);
    }

    private void FlushSurrogate(SpanAction write)
    {
        if (_high == 0)
            return;
        _high = '\0';
        Write(Rune.ReplacementChar, write);
    }

    private static void Write(Rune rune, SpanAction write)
    {
        Span<byte> utf8 = stackalloc byte[4];
        write(utf8[..rune.EncodeToUtf8(utf8)]);
    }
}
