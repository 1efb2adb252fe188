namespace Pipeline.Intake;

/// <summary>Where lines end, for every reader of lists: at CR, LF or CRLF.</summary>
internal static class LineEnds
{
    /// <summary>Where the first line ends, or -1.</summary>
    public static int IndexOf(ReadOnlySpan<byte> bytes) => bytes.IndexOfAny((byte)'\r', (byte)'\n');

    /// <summary>The length of the line end that <paramref name="bytes"/> begin with: 1, or 2 for CRLF.</summary>
    public static int LengthAt(ReadOnlySpan<byte> bytes) => bytes.StartsWith("\r\n"u8) ? 2 : 1;

    /// <summary>How many lines end in there; CRLF counts once.</summary>
    public static int Count(ReadOnlySpan<byte> bytes) =>
        bytes.Count((byte)'\n') + bytes.Count((byte)'\r') - bytes.Count("\r\n"u8);

    /// <summary>Lines and columns of a place, each from 0, for text that begins at line and column 0.</summary>
    public static (long Line, long Column) PlaceOf(ReadOnlySpan<byte> bytes, int at)
    {
        var before = bytes[..at];
        return (Count(before), at - 1 - before.LastIndexOfAny((byte)'\r', (byte)'\n'));
    }
}
