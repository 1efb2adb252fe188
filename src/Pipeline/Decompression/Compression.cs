namespace Pipeline.Decompression;

/// <summary>A compression format, recognized by its first bytes.</summary>
internal enum Compression
{
    /// <summary>No known format.</summary>
    None,

    /// <summary>RFC 1952.</summary>
    Gzip,

    /// <summary>RFC 1950.</summary>
    Zlib,

    /// <summary>RFC 8878.</summary>
    Zstandard,
}

/// <summary>Recognizes compression formats. No JSON text begins with a format's magic number.</summary>
internal static class Compressions
{
    /// <summary>Number of bytes that identify a format.</summary>
    public const int MagicBytes = 4;

    private static ReadOnlySpan<byte> Zstandard => [0x28, 0xB5, 0x2F, 0xFD];

    /// <summary>The format of data that begins with these bytes.</summary>
    public static Compression Of(ReadOnlySpan<byte> start)
    {
        if (GzipHeader.IsMagic(start))
            return Compression.Gzip;
        if (start.StartsWith(Zstandard))
            return Compression.Zstandard;
        // Deflate with a 32 KiB window and no dictionary; RFC 1950 makes the header a multiple of 31.
        return start is [0x78, var flags, ..] && (flags & 0x20) == 0 && ((0x78 << 8) | flags) % 31 == 0
            ? Compression.Zlib
            : Compression.None;
    }
}
