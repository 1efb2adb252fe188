namespace Pipeline.Intake.Reading.Csv;

/// <summary>
/// Splits UTF-8 bytes into CSV records and fields (RFC 4180): a quote has meaning only at the start of a field, two
/// quotes inside a quoted field stand for one, and a quoted field may contain delimiters and line ends. Spaces around
/// a field are not part of it, unless they are inside the quotes.
/// </summary>
/// <remarks>
/// CsvHelper does not fit because a list must survive its bad lines. With CsvHelper, an unclosed quote either swallows
/// the records up to the next quote (or ends the read at a limit), or line breaks inside quotes are not supported at
/// all. Here such a quote costs only its own line.
/// </remarks>
internal static class CsvRecord
{
    private const byte Quote = (byte)'"';
    private const byte LineFeed = (byte)'\n';
    private const byte Return = (byte)'\r';

    /// <summary>
    /// The delimiter of a file with one column. No record has a line feed outside quotes, so nothing is split and
    /// commas in URLs stay.
    /// </summary>
    public const byte NoDelimiter = LineFeed;

    /// <summary>Returns the index of the line end of the first record, or -1 if the span has none.</summary>
    /// <param name="bytes">Bytes that start with a record.</param>
    /// <param name="delimiter">The delimiter.</param>
    /// <param name="isOpen">
    /// With -1: whether the span ends inside quotes, or text follows a closing quote. Such a quote was most likely
    /// never closed, and the apparent closing quote opens another field, possibly many good records later.
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
    /// Splits one record, given without its line end, into fields. Returns false if a quote is not closed or text
    /// follows a closing quote.
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
