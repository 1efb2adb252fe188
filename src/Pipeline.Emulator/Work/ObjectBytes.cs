using System.IO.Compression;
using Pipeline.Emulator.Faults;

namespace Pipeline.Emulator.Work;

/// <summary>The bytes of an object, as they should be or with a task's damage.</summary>
internal static class ObjectBytes
{
    private const int MaxInMemory = 1 << 20;

    /// <summary>A document as gzip, in place of it.</summary>
    public static Stream Compress(Stream document)
    {
        var packed = Scratch(document.Length);
        using (document)
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            document.CopyTo(gzip);
        packed.Position = 0;
        return packed;
    }

    /// <summary>An object with damage, in place of the good one.</summary>
    /// <param name="good">The object as it should be.</param>
    /// <param name="damage">The damage: a fault's name without <c>object_</c>; null for none.</param>
    /// <param name="draw">Settles where the damage is.</param>
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

    /// <summary>A document in an array of one or in a member <c>results</c>, in place of it.</summary>
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
                // Half, all but the last byte, or all but a gzip trailer: readers miss different ones of these.
                bytes.SetLength((draw % 3) switch { 0 => length / 2, 1 => length - 1, _ => Math.Max(1, length - 8) });
                break;
            case "bitflip":
                // The highest bit: in plain JSON, too, a reader can tell, since what comes out is no UTF-8.
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

    private static Stream Scratch(long about) => about <= MaxInMemory
        ? new MemoryStream()
        : PrivateFiles.CreateTemporary();
}
