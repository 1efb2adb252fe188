using System.IO.Compression;
using Pipeline.Emulator.Faults;

namespace Pipeline.Emulator.Work.Results;

/// <summary>Compresses, wraps and damages the bytes of an object.</summary>
internal static class ObjectBytes
{
    private const int MaxInMemory = 1 << 20;

    /// <summary>Compresses a document with gzip, and disposes it.</summary>
    public static Stream Compress(Stream document)
    {
        var packed = Scratch(document.Length);
        using (document)
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            document.CopyTo(gzip);
        packed.Position = 0;
        return packed;
    }

    /// <summary>
    /// Returns a damaged copy of an object and disposes the object; returns the object itself without damage.
    /// </summary>
    /// <param name="good">The object.</param>
    /// <param name="damage">The damage: a fault's name without <c>object_</c>; null for none.</param>
    /// <param name="draw">Random bits that select the place of the damage.</param>
    public static Stream Damage(Stream good, string? damage, ulong draw)
    {
        if (damage is null or "mislabelled")
            return good;
        if (NoResult.Forms.Contains(damage))
        {
            good.Dispose();
            return new MemoryStream(NoResult.Bytes(damage));
        }
        var copy = Scratch(good.Length);
        using (good)
            good.CopyTo(copy);
        Spoil(copy, damage, draw);
        copy.Position = 0;
        return copy;
    }

    /// <summary>
    /// Wraps a document in an array, or in an array member <c>results</c>, and disposes it; null wraps nothing.
    /// </summary>
    public static Stream Wrap(Stream document, string? wrap)
    {
        if (wrap is null)
            return document;
        var wrapped = Scratch(document.Length);
        wrapped.Write(wrap == "array" ? "["u8 : "{\"results\":["u8);
        using (document)
            document.CopyTo(wrapped);
        wrapped.Write(wrap == "array" ? "]"u8 : "]}"u8);
        wrapped.Position = 0;
        return wrapped;
    }

    private static void Spoil(Stream bytes, string damage, ulong draw)
    {
        var length = bytes.Length;
        switch (damage)
        {
            case "empty":
                bytes.SetLength(0);
                break;
            case "truncated":
                // Keep half, all but the last byte, or all but a gzip trailer. A reader may notice one and miss
                // another.
                bytes.SetLength((draw % 3) switch { 0 => length / 2, 1 => length - 1, _ => Math.Max(1, length - 8) });
                break;
            case "bitflip":
                // Flip the highest bit, so that a reader of plain JSON can notice it too: the bytes are no longer valid
                // UTF-8.
                bytes.Position = length / 4 + (long)(draw % (ulong)Math.Max(1, length / 2));
                var flipped = (byte)(bytes.ReadByte() ^ 0x80);
                bytes.Position--;
                bytes.WriteByte(flipped);
                break;
            case "trailing":
                bytes.Position = length;
                bytes.Write("\0{\"trailing\":true}"u8);
                break;
        }
    }

    private static Stream Scratch(long expectedBytes) => expectedBytes <= MaxInMemory
        ? new MemoryStream()
        : PrivateFiles.CreateTemporary(Path.GetTempPath(), bufferBytes: 1 << 16);
}
