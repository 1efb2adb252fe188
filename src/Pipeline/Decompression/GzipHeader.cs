using System.IO.Hashing;
using Pipeline.Model;

namespace Pipeline.Decompression;

/// <summary>Reads the header of a gzip member (RFC 1952, section 2.3).</summary>
internal static class GzipHeader
{
    private const int FixedBytes = 10;

    // The longest header accepted. The extra field may have 64 KiB; RFC 1952 sets no limit for name and comment.
    private const int MaxBytes = 128 * 1024;

    [Flags]
    private enum Flags : byte
    {
        Crc = 2,
        Extra = 4,
        Name = 8,
        Comment = 16,
        Reserved = 0xE0,
    }

    /// <summary>The first bytes of every member: the magic number and the method, deflate.</summary>
    public static ReadOnlySpan<byte> Start => [0x1F, 0x8B, 8];

    public static bool IsMagic(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Start[..2]);

    /// <summary>Reads one header.</summary>
    /// <exception cref="PipelineException">
    /// Transient <see cref="FailureReasons.ObjectDamaged"/>: it is invalid.
    /// </exception>
    public static async ValueTask ReadAsync(StoredReader stored, CancellationToken cancellationToken)
    {
        if (!await stored.EnsureAsync(FixedBytes, cancellationToken))
            throw Damaged("ends inside its gzip header", stored.Position + stored.Buffered.Length);
        var flags = (Flags)stored.Buffered[3];
        if (!stored.Buffered.StartsWith(Start) || (flags & Flags.Reserved) != 0)
            throw Damaged("has an invalid gzip header", stored.Position);
        if ((flags & (Flags.Extra | Flags.Name | Flags.Comment | Flags.Crc)) != 0)
            await ReadOptionalAsync(stored, flags, cancellationToken);
        else
            stored.Take(FixedBytes);
    }

    private static async ValueTask ReadOptionalAsync(
        StoredReader stored, Flags flags, CancellationToken cancellationToken)
    {
        var (crc, from) = (new Crc32(), stored.Position);
        crc.Append(stored.Buffered[..FixedBytes]);
        stored.Take(FixedBytes);

        if (flags.HasFlag(Flags.Extra))
        {
            var length = await NextAsync() | (await NextAsync() << 8);
            while (length-- > 0)
                await NextAsync();
        }
        if (flags.HasFlag(Flags.Name))
            await SkipTextAsync();
        if (flags.HasFlag(Flags.Comment))
            await SkipTextAsync();
        var expected = (int)crc.GetCurrentHashAsUInt32() & 0xFFFF;
        if (flags.HasFlag(Flags.Crc) && (await NextAsync() | (await NextAsync() << 8)) != expected)
            throw Damaged("has a gzip header that does not match its checksum", from);

        async ValueTask SkipTextAsync()
        {
            while (await NextAsync() != 0)
            {
                if (stored.Position - from > MaxBytes)
                    throw Damaged($"has a gzip header of more than {MaxBytes} bytes", from);
            }
        }

        async ValueTask<int> NextAsync()
        {
            if (!await stored.EnsureAsync(1, cancellationToken))
                throw Damaged("ends inside its gzip header", stored.Position);
            crc.Append(stored.Buffered[..1]);
            var next = stored.Buffered[0];
            stored.Take(1);
            return next;
        }
    }

    private static PipelineException Damaged(string what, long offset) =>
        PipelineException.Transient(FailureReasons.ObjectDamaged, $"The stored object {what}, at byte {offset}.");
}
