using System.IO.Compression;
using Pipeline.Emit;
using Pipeline.Http;

namespace Pipeline.Callback;

/// <summary>What was read of a webhook's body.</summary>
/// <param name="Answer"><see cref="CallbackAnswer.Accepted"/> where there is a body, else what to answer.</param>
/// <param name="Body">The body, decompressed; its bytes go back to the pool with it.</param>
internal sealed record CallbackRead(CallbackAnswer Answer, PooledBytes? Body = null) : IDisposable
{
    public void Dispose() => Body?.Dispose();
}

/// <summary>
/// Reads a webhook's body within limits of size and time. A body that is too large is read to its end all the same, up to a bound: whoever is answered
/// while it still sends, sees a broken connection instead of the answer, and the Functions host makes a 500 of it.
/// </summary>
internal sealed class CallbackBodyReader(TimeProvider time)
{
    /// <summary>The largest body, bytes, as it comes and decompressed: a batch of 1,000 tasks with their inputs fits in.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>How much of a larger body is read and thrown away, bytes, before the connection is left to break.</summary>
    public const int MaxDiscardedBytes = 64 * 1024 * 1024;

    private const int ChunkBytes = 16 * 1024;

    /// <summary>How long a body may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Reads a body, plain or gzip, which its first bytes tell.</summary>
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
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new(CallbackAnswer.TooSlow);
        }
        catch (IOException error) when (MalformedBody.Is(error))
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
