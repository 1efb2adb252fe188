namespace Pipeline.Intake.Reading;

/// <summary>Finds line ends (CR, LF or CRLF) for all list readers.</summary>
internal static class LineEnds
{
    /// <summary>Returns the index of the first line end, or -1.</summary>
    public static int IndexOf(ReadOnlySpan<byte> bytes) => bytes.IndexOfAny((byte)'\r', (byte)'\n');

    /// <summary>
    /// Returns the length of the line end at the start of <paramref name="bytes"/>: 1, or 2 for CRLF.
    /// </summary>
    public static int LengthAt(ReadOnlySpan<byte> bytes) => bytes.StartsWith("\r\n"u8) ? 2 : 1;

    /// <summary>Counts the line ends. CRLF counts once.</summary>
    public static int Count(ReadOnlySpan<byte> bytes) =>
        bytes.Count((byte)'\n') + bytes.Count((byte)'\r') - bytes.Count("\r\n"u8);

    /// <summary>Returns line and column of an index, both from 0, for text that starts at line and column 0.</summary>
    public static (long Line, long Column) PlaceOf(ReadOnlySpan<byte> bytes, int at)
    {
        var before = bytes[..at];
        return (Count(before), at - 1 - before.LastIndexOfAny((byte)'\r', (byte)'\n'));
    }
}
