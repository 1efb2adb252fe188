using System.Collections.Concurrent;
using Azure.Storage.Queues;
using Pipeline.Ports;

namespace Pipeline.Stores.Azure.Queues;

/// <summary>
/// Sends messages to Azure Storage Queues. Messages are plain text and never expire. A message that a queue cannot hold
/// is stored in a blob. The first message creates a missing queue. The Functions host or <see
/// cref="StorageQueueReceiver"/> receives.
/// </summary>
internal sealed class StorageWorkQueue(AzureAccount account, ClaimChecks claims) : IWorkQueue
{
    private const int Concurrency = 16;

    /// <summary>The time to live of a message that never expires.</summary>
    internal static readonly TimeSpan Never = TimeSpan.FromSeconds(-1);

    private readonly ConcurrentDictionary<string, AzureResource<QueueClient>> _queues = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async Task SendAsync(
        string queue, IReadOnlyList<ReadOnlyMemory<byte>> messages, TimeSpan delay, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = Concurrency,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(
            messages, parallel, (message, token) => new(SendAsync(queue, message, MessageDelay.Bound(delay), token)));
    }

    private async Task SendAsync(
        string queue, ReadOnlyMemory<byte> body, TimeSpan delay, CancellationToken cancellationToken)
    {
        var text = MessageText.TryEncode(body.Span) ?? await claims.DepositAsync(queue, body, cancellationToken);
        await For(queue).RunAsync(
            q => q.SendMessageAsync(text, RoundUpToSeconds(delay), Never, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Rounds up to whole seconds, which the service expects, so that no message is visible too early.
    /// </summary>
    internal static TimeSpan RoundUpToSeconds(TimeSpan time) => TimeSpan.FromSeconds(Math.Ceiling(time.TotalSeconds));

    /// <summary>Returns the queue of a name.</summary>
    internal AzureResource<QueueClient> For(string queue) => _queues.GetOrAdd(queue, account.Queue);
}
