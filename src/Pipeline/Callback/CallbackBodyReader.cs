using System.IO.Compression;
using Pipeline.IO;

namespace Pipeline.Callback;

/// <summary>The result of reading a webhook's body.</summary>
/// <param name="Answer">
/// <see cref="CallbackAnswer.Accepted"/> if the body was read, otherwise the answer to send.
/// </param>
/// <param name="Body">The decompressed body. Disposing it returns its bytes to the pool.</param>
internal sealed record CallbackRead(CallbackAnswer Answer, PooledBytes? Body = null) : IDisposable
{
    public void Dispose() => Body?.Dispose();
}

/// <summary>
/// Reads a webhook's body within limits of size and time. Reads and discards the rest of a body that is too large, up
/// to a bound: a client that is answered while it is still sending sees a broken connection instead of the answer, and
/// the Functions host turns that into a 500.
/// </summary>
internal sealed class CallbackBodyReader(TimeProvider time)
{
    /// <summary>
    /// Maximum size of a body in bytes, both as sent and decompressed. A batch of 1,000 tasks with their inputs fits.
    /// </summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Maximum number of bytes to discard of a larger body. Beyond that the connection may break.</summary>
    public const int MaxDiscardedBytes = 8 * 1024 * 1024;

    private const int ChunkBytes = 16 * 1024;

    /// <summary>Maximum time to receive a body.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Reads a body, plain or gzip. Detects gzip by its first bytes.</summary>
    public async Task<CallbackRead> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            var read = await ReadWithinAsync(body, either.Token);
            if (read.Answer == CallbackAnswer.TooLarge)
                await DiscardAsync(body, either.Token);
            return read.Body is { Written.Span: [0x1f, 0x8b, ..] } ? await ExpandAsync(read, either.Token) : read;
        }
        catch (OperationCanceledException)
            when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new(CallbackAnswer.TooSlow);
        }
        // The body's framing is not valid HTTP, or its sender has disconnected.
        catch (IOException)
        {
            return new(CallbackAnswer.Malformed);
        }
    }

    private static async Task<CallbackRead> ExpandAsync(CallbackRead packed, CancellationToken cancellationToken)
    {
        using (packed)
        {
            try
            {
                using var bytes = new MemoryStream(packed.Body!.Written.ToArray(), writable: false);
                await using var gzip = new GZipStream(bytes, CompressionMode.Decompress);
                return await ReadWithinAsync(gzip, cancellationToken);
            }
            catch (InvalidDataException)
            {
                return new(CallbackAnswer.Malformed);
            }
        }
    }

    private static async Task<CallbackRead> ReadWithinAsync(Stream from, CancellationToken cancellationToken)
    {
        var bytes = new PooledBytes(ChunkBytes);
        var read = new CallbackRead(CallbackAnswer.TooLarge);
        try
        {
            while (bytes.Length <= MaxBytes)
            {
                var count = await from.ReadAsync(bytes.GetMemory(ChunkBytes), cancellationToken);
                if (count == 0)
                    return read = new(CallbackAnswer.Accepted, bytes);
                bytes.Advance(count);
            }
            return read;
        }
        finally
        {
            if (read.Body is null)
                bytes.Dispose();
        }
    }

    private static async Task DiscardAsync(Stream body, CancellationToken cancellationToken)
    {
        var chunk = new byte[ChunkBytes];
        for (var left = MaxDiscardedBytes; left > 0;)
        {
            var count = await body.ReadAsync(chunk, cancellationToken);
            if (count == 0)
                return;
            left -= count;
        }
    }
}
