using System.IO.Compression;

namespace Pipeline.Emulator.Work;

/// <summary>The bytes of an object, as they should be or with a task's damage.</summary>
internal static class ObjectBytes
{
    private const int MaxInMemory = 1 << 20;

    /// <summary>Makes the object from the result document.</summary>
    /// <param name="result">The document; the object takes it over.</param>
    /// <param name="compress">Whether the object is to be gzip.</param>
    /// <param name="damage">The damage: a fault's name without <c>object_</c>; null for none.</param>
    /// <param name="draw">Settles where the damage is.</param>
    public static Stream Make(Stream result, bool compress, string? damage, ulong draw)
    {
        if (compress == (damage != "mislabelled"))
        {
            var packed = Scratch(result.Length);
            using (result)
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
                result.CopyTo(gzip);
            return Damage(packed, damage, draw);
        }
        if (damage is null or "mislabelled")
            return result;
        var copy = Scratch(result.Length);
        using (result)
            result.CopyTo(copy);
        return Damage(copy, damage, draw);
    }

    private static Stream Damage(Stream bytes, string? damage, ulong draw)
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
        bytes.Position = 0;
        return bytes;
    }

    private static Stream Scratch(long about) => about <= MaxInMemory
        ? new MemoryStream()
        : new FileStream(Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
}
