using System.Collections.Concurrent;
using Azure;
using Azure.Storage.Queues;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Stores.Azure.Queues;

/// <summary>
/// The receiving side of Azure Storage Queues, for a host that is not Functions; it decides about messages as the Functions host does.
/// </summary>
internal sealed class StorageQueueReceiver(StorageWorkQueue queues, ClaimChecks claims, TimeProvider time) : WorkReceiver<StorageMessage>
{
    private const int MaxReceive = 32;

    private static readonly TimeSpan s_shortestWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, TimeSpan> _waits = new(StringComparer.Ordinal);

    /// <summary>Azure does not say who holds a message: those of a worker that was killed come back when their lease ends.</summary>
    public override Task<int> ReleaseOrphansAsync(CancellationToken cancellationToken) => Task.FromResult(0);

    /// <summary>Leases up to <paramref name="max"/> messages (the service gives at most 32 at once) for as long as <paramref name="visibility"/>. Those received too often already go to the poison queue instead.</summary>
    public override async Task<WorkDelivery<StorageMessage>> ReceiveAsync(string queue, int max, TimeSpan visibility, CancellationToken cancellationToken)
    {
        var received = await queues.For(queue).RunAsync(
            q => q.ReceiveMessagesAsync(Math.Min(max, MaxReceive), StorageWorkQueue.Whole(visibility), cancellationToken), cancellationToken);
        var (messages, poisoned) = (new List<StorageMessage>(), new List<StorageMessage>());
        foreach (var found in received.Value)
        {
            var message = new StorageMessage(queue, found.MessageId, found.PopReceipt, found.Body.ToString(), claims, (int)found.DequeueCount);
            if (message.DequeueCount <= IWorkReceiver.MaxDequeueCount)
                messages.Add(message);
            else if (await TryPoisonAsync(message, cancellationToken))
                poisoned.Add(message);
        }
        if (received.Value.Length > 0)
            _waits.TryRemove(queue, out _);
        return new(messages, poisoned);
    }

    /// <summary>The work is done.</summary>
    public override Task<bool> CompleteAsync(StorageMessage message, CancellationToken cancellationToken) =>
        DecideAsync(message, q => q.DeleteMessageAsync(message.Id, message.Receipt, cancellationToken), cancellationToken);

    /// <summary>The work failed; it may be tried again after the delay.</summary>
    public override Task<bool> AbandonAsync(StorageMessage message, TimeSpan delay, string error, CancellationToken cancellationToken) =>
        HoldAsync(message, IWorkQueue.Bound(delay), cancellationToken);

    /// <summary>The work was stopped, not failed: it is there again at once. Azure counts the delivery all the same.</summary>
    public override Task<bool> ReleaseAsync(StorageMessage message, CancellationToken cancellationToken) => HoldAsync(message, TimeSpan.Zero, cancellationToken);

    /// <summary>Holds messages for as long again.</summary>
    /// <returns>Those whose lease had been taken over.</returns>
    public override async Task<IReadOnlyList<StorageMessage>> ExtendAsync(IReadOnlyList<StorageMessage> messages, TimeSpan visibility, CancellationToken cancellationToken)
    {
        var held = await Task.WhenAll(messages.Select(message => HoldAsync(message, visibility, cancellationToken)));
        return [.. messages.Where((_, i) => !held[i])];
    }

    /// <summary>Moves a message to the poison queue. A crash in between leaves it in both, never in none. Azure keeps no reason.</summary>
    public override async Task<bool> DeadLetterAsync(StorageMessage message, string reason, CancellationToken cancellationToken)
    {
        await queues.For(message.Queue + QueueNames.PoisonSuffix).RunAsync(
            q => q.SendMessageAsync(message.Text, TimeSpan.Zero, StorageWorkQueue.Never, cancellationToken), cancellationToken);
        return await CompleteAsync(message, cancellationToken);
    }

    /// <summary>Whether a queue has a message to deliver now.</summary>
    public override async Task<bool> HasVisibleAsync(string queue, CancellationToken cancellationToken) =>
        (await queues.For(queue).RunAsync(q => q.PeekMessagesAsync(1, cancellationToken), cancellationToken)).Value.Length > 0;

    /// <summary>About how many messages a queue holds, visible or not; Azure does not tell them apart.</summary>
    public async Task<long> CountAsync(string queue, CancellationToken cancellationToken) =>
        (await queues.For(queue).RunAsync(q => q.GetPropertiesAsync(cancellationToken), cancellationToken)).Value.ApproximateMessagesCountLong;

    /// <summary>Waits before the next receive of an empty queue: from a tenth of a second, doubled each time, to two seconds. Every look is paid for.</summary>
    public override Task WaitAsync(string queue, CancellationToken cancellationToken)
    {
        var wait = _waits.AddOrUpdate(queue, s_shortestWait, static (_, last) => last * 2 < s_longestWait ? last * 2 : s_longestWait);
        return Task.Delay(wait, time, cancellationToken);
    }

    /// <summary>False also where it cannot be moved now: it comes again when its lease ends, and must not take the rest of its delivery with it.</summary>
    private async Task<bool> TryPoisonAsync(StorageMessage message, CancellationToken cancellationToken)
    {
        try
        {
            return await DeadLetterAsync(message, "It was received too often.", cancellationToken);
        }
        catch (PipelineException e) when (!e.IsPermanent)
        {
            return false;
        }
    }

    private Task<bool> HoldAsync(StorageMessage message, TimeSpan time, CancellationToken cancellationToken) =>
        DecideAsync(
            message,
            async q => message.Receipt = (await q.UpdateMessageAsync(
                message.Id, message.Receipt, message.Text, StorageWorkQueue.Whole(time), cancellationToken)).Value.PopReceipt,
            cancellationToken);

    private async Task<bool> DecideAsync<T>(StorageMessage message, Func<QueueClient, Task<T>> decide, CancellationToken cancellationToken)
    {
        try
        {
            await queues.For(message.Queue).RunAsync(decide, cancellationToken);
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 400 or 404 && e.ErrorCode is "MessageNotFound" or "PopReceiptMismatch")
        {
            return false;
        }
    }
}
