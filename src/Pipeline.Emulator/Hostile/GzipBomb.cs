using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace Pipeline.Emulator.Hostile;

/// <summary>
/// Half a megabyte of gzip that expands to half a gigabyte: a complete JSON document with a correct length and
/// checksum.
/// </summary>
internal static class GzipBomb
{
    private const int BlockBytes = 1 << 20;
    private const int Blocks = 512;

    private static readonly Lazy<byte[]> Content = new(Make);

    /// <summary>The compressed bytes.</summary>
    public static ReadOnlyMemory<byte> Bytes => Content.Value;

    private static byte[] Make()
    {
        var block = new byte[BlockBytes];
        block.AsSpan().Fill((byte)' ');
        var deflated = Deflate(block);
        using var bomb = new MemoryStream();
        // The header of RFC 1952: deflate, no flags, no time, fastest compression, unknown system.
        bomb.Write([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 4, 255]);
        var crc = new Crc32();
        bomb.Write(Deflate("{}"u8));
        crc.Append("{}"u8);
        for (var i = 0; i < Blocks; i++)
        {
            bomb.Write(deflated);
            crc.Append(block);
        }

        // The last block: stored and empty.
        bomb.Write([1, 0, 0, 0xFF, 0xFF]);
        Span<byte> trailer = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, crc.GetCurrentHashAsUInt32());
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], (uint)(2 + ((long)Blocks * BlockBytes)));
        bomb.Write(trailer);
        return bomb.ToArray();
    }

    /// <summary>
    /// Compresses bytes to deflate blocks. None is marked as the last, and they end at a byte boundary.
    /// </summary>
    private static byte[] Deflate(ReadOnlySpan<byte> bytes)
    {
        using var deflated = new MemoryStream();
        using var deflate = new DeflateStream(deflated, CompressionLevel.SmallestSize);
        deflate.Write(bytes);
        deflate.Flush();
        return deflated.ToArray();
    }
}
