using System.Collections.Concurrent;
using Azure.Storage.Queues;
using Pipeline.Ports;

namespace Pipeline.Stores.Azure.Queues;

/// <summary>
/// Azure Storage Queues, sending side. Messages are plain text and never expire; what a queue cannot carry as it is goes to a blob. Queues are made
/// when the first message finds them missing. The receiving side is the Functions host's, or <see cref="StorageQueueReceiver"/>.
/// </summary>
internal sealed class StorageWorkQueue(AzureAccount account, ClaimChecks claims) : IWorkQueue
{
    private const int Concurrency = 16;

    /// <summary>The service's way to say that a message does not expire.</summary>
    internal static readonly TimeSpan Never = TimeSpan.FromSeconds(-1);

    private readonly ConcurrentDictionary<string, AzureResource<QueueClient>> _queues = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async Task SendAsync(string queue, IReadOnlyList<ReadOnlyMemory<byte>> messages, TimeSpan delay, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(messages, parallel, (message, token) => new(SendAsync(queue, message, IWorkQueue.Bound(delay), token)));
    }

    private async Task SendAsync(string queue, ReadOnlyMemory<byte> body, TimeSpan delay, CancellationToken cancellationToken)
    {
        var text = MessageText.TryEncode(body.Span) ?? await claims.DepositAsync(queue, body, cancellationToken);
        await For(queue).RunAsync(q => q.SendMessageAsync(text, Whole(delay), Never, cancellationToken), cancellationToken);
    }

    /// <summary>The service counts whole seconds; a message must not be seen too early.</summary>
    internal static TimeSpan Whole(TimeSpan time) => TimeSpan.FromSeconds(Math.Ceiling(time.TotalSeconds));

    /// <summary>One queue.</summary>
    internal AzureResource<QueueClient> For(string queue) => _queues.GetOrAdd(queue, account.Queue);
}
