namespace Pipeline.Intake;

/// <summary>
/// CSV records over UTF-8 bytes, as in RFC 4180: quotes mean something only at the beginning of a field, a doubled
/// quote is a quote, a quoted field may hold delimiters and line ends. Blanks around a field that is not quoted are not
/// part of it.
/// </summary>
/// <remarks>
/// Written here, and not left to CsvHelper, because a list must survive its bad lines. With CsvHelper a quote that is
/// never closed either takes the records up to the next quote with it (or, past a limit, ends the reading), or line
/// breaks in quotes are not read at all. Here such a quote costs its own line.
/// </remarks>
internal static class CsvRecord
{
    private const byte Quote = (byte)'"';
    private const byte LineFeed = (byte)'\n';
    private const byte Return = (byte)'\r';

    /// <summary>
    /// What a file of one column has for a delimiter: no record holds a line feed outside of quotes, so a comma in a
    /// URL stays.
    /// </summary>
    public const byte NoDelimiter = LineFeed;

    /// <summary>Where the first record ends (its line end), or -1 when there is none in the span.</summary>
    /// <param name="bytes">From the beginning of a record.</param>
    /// <param name="delimiter">The delimiter.</param>
    /// <param name="isOpen">
    /// With -1: whether the span ends inside of quotes, or text follows a closing quote. Such a quote was most likely
    /// never closed, and what looks like its end is the beginning of another one, any number of good records later.
    /// </param>
    public static int FindEnd(ReadOnlySpan<byte> bytes, byte delimiter, out bool isOpen)
    {
        isOpen = false;
        var at = 0;
        while (at < bytes.Length)
        {
            at += CountBlanks(bytes[at..]);
            if (at < bytes.Length && bytes[at] == Quote)
            {
                var close = FindClosingQuote(bytes, at + 1);
                isOpen = close < 0;
                if (isOpen)
                    return -1;
                at = close + 1;
                at += CountBlanks(bytes[at..]);
                isOpen = at < bytes.Length && bytes[at] != delimiter && bytes[at] is not (LineFeed or Return);
                if (isOpen)
                    return -1;
            }
            var next = bytes[at..].IndexOfAny(delimiter, LineFeed, Return);
            if (next < 0)
                return -1;
            at += next;
            if (bytes[at] is LineFeed or Return)
                return at;
            at++;
        }
        return -1;
    }

    /// <summary>
    /// Cuts one record, without its line end, into fields. False when text follows a closing quote, or a quote is not
    /// closed.
    /// </summary>
    public static bool TrySplit(ReadOnlyMemory<byte> record, byte delimiter, List<ReadOnlyMemory<byte>> fields)
    {
        fields.Clear();
        var bytes = record.Span;
        var at = 0;
        while (true)
        {
            at += CountBlanks(bytes[at..]);
            if (at < bytes.Length && bytes[at] == Quote)
            {
                var close = FindClosingQuote(bytes, at + 1);
                if (close < 0)
                    return false;
                fields.Add(Unquote(record[(at + 1)..close]));
                at = close + 1;
                at += CountBlanks(bytes[at..]);
                if (at < bytes.Length && bytes[at] != delimiter)
                    return false;
            }
            else
            {
                var length = bytes[at..].IndexOf(delimiter);
                var field = length < 0 ? record[at..] : record.Slice(at, length);
                fields.Add(field[..field.Span.TrimEnd((byte)' ').Length]);
                at += length < 0 ? bytes.Length - at : length;
            }
            if (at >= bytes.Length)
                return true;
            at++;
        }
    }

    private static int FindClosingQuote(ReadOnlySpan<byte> bytes, int from)
    {
        while (true)
        {
            var quote = bytes[from..].IndexOf(Quote);
            if (quote < 0)
                return -1;
            from += quote;
            if (from + 1 >= bytes.Length || bytes[from + 1] != Quote)
                return from;
            from += 2;
        }
    }

    private static ReadOnlyMemory<byte> Unquote(ReadOnlyMemory<byte> inner)
    {
        if (!inner.Span.Contains(Quote))
            return inner;
        var plain = new byte[inner.Length];
        var length = 0;
        for (var i = 0; i < inner.Length; i++)
        {
            plain[length++] = inner.Span[i];
            if (inner.Span[i] == Quote)
                i++;
        }
        return plain.AsMemory(0, length);
    }

    private static int CountBlanks(ReadOnlySpan<byte> bytes)
    {
        var count = bytes.IndexOfAnyExcept((byte)' ');
        return count < 0 ? bytes.Length : count;
    }
}
