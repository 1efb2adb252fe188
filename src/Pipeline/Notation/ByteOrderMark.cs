namespace Pipeline.Notation;

/// <summary>The byte order mark that some programs write before UTF-8 text.</summary>
internal static class ByteOrderMark
{
    /// <summary>Its three bytes.</summary>
    public static ReadOnlySpan<byte> Utf8 => "\uFEFF"u8;
}
