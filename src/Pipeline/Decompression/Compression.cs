namespace Pipeline.Decompression;

/// <summary>A form of compression, told by the first bytes.</summary>
internal enum Compression
{
    /// <summary>None that we know.</summary>
    None,

    /// <summary>RFC 1952.</summary>
    Gzip,

    /// <summary>RFC 1950.</summary>
    Zlib,

    /// <summary>RFC 8878.</summary>
    Zstandard,
}

/// <summary>Tells forms of compression apart. No JSON text begins like one of them.</summary>
internal static class Compressions
{
    /// <summary>So many bytes tell.</summary>
    public const int MagicBytes = 4;

    private static ReadOnlySpan<byte> Zstandard => [0x28, 0xB5, 0x2F, 0xFD];

    /// <summary>What begins with these bytes.</summary>
    public static Compression Of(ReadOnlySpan<byte> start)
    {
        if (GzipHeader.IsMagic(start))
            return Compression.Gzip;
        if (start.StartsWith(Zstandard))
            return Compression.Zstandard;
        // Deflate with a window of 32 KiB, no dictionary, and a header that is a multiple of 31.
        return start is [0x78, var flags, ..] && (flags & 0x20) == 0 && ((0x78 << 8) | flags) % 31 == 0
            ? Compression.Zlib
            : Compression.None;
    }
}
