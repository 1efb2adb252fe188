using System.Collections.Concurrent;
using Azure;
using Azure.Storage.Queues;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;

namespace Pipeline.Stores.Azure.Queues;

/// <summary>
/// Receives messages from Azure Storage Queues, for hosts other than Functions. It completes, retries and dead-letters
/// messages as the Functions host does.
/// </summary>
internal sealed class StorageQueueReceiver(StorageWorkQueue queues, ClaimChecks claims, TimeProvider time)
    : WorkReceiver<StorageMessage>, IDeadLetters
{
    private const int MaxReceive = 32;

    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, TimeSpan> _waits = new(StringComparer.Ordinal);

    /// <summary>
    /// Does nothing: Azure does not say who holds a message. Messages of a killed worker return when their lease ends.
    /// </summary>
    public override Task<int> ReleaseOrphansAsync(CancellationToken cancellationToken) => Task.FromResult(0);

    /// <summary>
    /// Leases up to <paramref name="max"/> messages (the service returns at most 32) for <paramref name="visibility"/>.
    /// Messages that were received too often go to the poison queue instead.
    /// </summary>
    public override async Task<WorkDelivery<StorageMessage>> ReceiveAsync(
        string queue, int max, TimeSpan visibility, CancellationToken cancellationToken)
    {
        var received = await queues.For(queue).RunAsync(
            q =>
                q.ReceiveMessagesAsync(
                    Math.Min(max, MaxReceive), StorageWorkQueue.RoundUpToSeconds(visibility), cancellationToken),
                cancellationToken);
        var (messages, poisoned) = (new List<StorageMessage>(), new List<StorageMessage>());
        foreach (var found in received.Value)
        {
            var message = new StorageMessage(
                queue, found.MessageId, found.PopReceipt, found.Body.ToString(), claims, (int)found.DequeueCount);
            if (message.DequeueCount <= Tries.Max)
                messages.Add(message);
            else if (await TryPoisonAsync(message, cancellationToken))
                poisoned.Add(message);
        }
        if (received.Value.Length > 0)
            _waits.TryRemove(queue, out _);
        return new(messages, poisoned);
    }

    /// <summary>Peeks at a poison queue: one request, at most 32 messages.</summary>
    public async Task<IReadOnlyList<DeadLetter>> GetDeadLettersAsync(
        string queue, int max, CancellationToken cancellationToken)
    {
        var peeked = await queues.For(queue + QueueNames.PoisonSuffix).RunAsync(
            q => q.PeekMessagesAsync(Math.Min(max, MaxReceive), cancellationToken), cancellationToken);
        return
        [
            .. peeked.Value.Select(message => DeadLetter.Of(
                queue, message.MessageId, MessageText.Decode(message.Body.ToMemory()).Span, error: null,
                message.InsertedOn)),
        ];
    }

    /// <summary>Deletes a message whose work is done. Returns false if its lease was lost.</summary>
    public override Task<bool> CompleteAsync(StorageMessage message, CancellationToken cancellationToken) =>
        RunAsync(message, q => q.DeleteMessageAsync(message.Id, message.Receipt, cancellationToken), cancellationToken);

    /// <summary>Returns a message whose work failed; it is delivered again after the delay.</summary>
    public override Task<bool> AbandonAsync(
        StorageMessage message, TimeSpan delay, string error, CancellationToken cancellationToken) =>
        SetInvisibleAsync(message, MessageDelay.Bound(delay), cancellationToken);

    /// <summary>
    /// Returns a message whose work was stopped but did not fail; it is delivered again at once. Azure still counts the
    /// delivery.
    /// </summary>
    public override Task<bool> ReleaseAsync(StorageMessage message, CancellationToken cancellationToken) =>
        SetInvisibleAsync(message, TimeSpan.Zero, cancellationToken);

    /// <summary>Extends the leases of messages by <paramref name="visibility"/> from now.</summary>
    /// <returns>The messages whose lease was lost.</returns>
    public override async Task<IReadOnlyList<StorageMessage>> ExtendAsync(
        IReadOnlyList<StorageMessage> messages, TimeSpan visibility, CancellationToken cancellationToken)
    {
        var extended = await Task.WhenAll(
            messages.Select(message => SetInvisibleAsync(message, visibility, cancellationToken)));
        return [.. messages.Where((_, i) => !extended[i])];
    }

    /// <summary>
    /// Moves a message to the poison queue. A crash during the move leaves it in both queues. Azure does not store the
    /// reason.
    /// </summary>
    public override async Task<bool> DeadLetterAsync(
        StorageMessage message, string reason, CancellationToken cancellationToken)
    {
        await queues.For(message.Queue + QueueNames.PoisonSuffix).RunAsync(
            q =>
                q.SendMessageAsync(message.Text, TimeSpan.Zero, StorageWorkQueue.Never, cancellationToken),
                cancellationToken);
        return await CompleteAsync(message, cancellationToken);
    }

    /// <summary>Whether a queue has a message that can be delivered now.</summary>
    public override async Task<bool> HasVisibleAsync(string queue, CancellationToken cancellationToken) =>
        (
            await queues.For(queue).RunAsync(
                q => q.PeekMessagesAsync(1, cancellationToken), cancellationToken)).Value.Length > 0;

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<ReadOnlyMemory<byte>>> PeekAsync(
        string queue, int max, CancellationToken cancellationToken)
    {
        var messages = await queues.For(queue).RunAsync(
            q => q.PeekMessagesAsync(Math.Min(max, MaxReceive), cancellationToken), cancellationToken);
        var bodies = new List<ReadOnlyMemory<byte>>();
        foreach (var message in messages.Value)
            bodies.Add(await claims.RedeemAsync(MessageText.Decode(message.Body.ToMemory()), cancellationToken));
        return bodies;
    }

    /// <inheritdoc/>
    public override async Task<long> CountAsync(string queue, CancellationToken cancellationToken) =>
        (
            await queues.For(queue).RunAsync(
                q => q.GetPropertiesAsync(cancellationToken), cancellationToken)).Value.ApproximateMessagesCountLong;

    /// <inheritdoc/>
    public override IReadOnlyList<string> OutputQueues => AzureNames.OutputQueues;

    /// <summary>
    /// Returns when the message at the head of a queue was sent, with one request. Azure does not say how long it has
    /// been waiting.
    /// </summary>
    public override async Task<DateTimeOffset?> WaitingSinceAsync(string queue, CancellationToken cancellationToken) =>
        (
            await queues.For(queue).RunAsync(
                q => q.PeekMessagesAsync(1, cancellationToken), cancellationToken)).Value.FirstOrDefault()?.InsertedOn;

    /// <summary>
    /// Waits before the next receive from an empty queue: 0.1 seconds, doubled each time up to 2 seconds. Azure charges
    /// for each receive.
    /// </summary>
    public override Task WaitAsync(string queue, CancellationToken cancellationToken)
    {
        var wait = _waits.AddOrUpdate(
            queue, ShortestWait, static (_, last) => last * 2 < LongestWait ? last * 2 : LongestWait);
        return Task.Delay(wait, time, cancellationToken);
    }

    /// <summary>
    /// Moves a message to the poison queue. Returns false if that is not possible now. The message then returns when
    /// its lease ends, and the rest of the delivery is unaffected.
    /// </summary>
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

    private Task<bool> SetInvisibleAsync(StorageMessage message, TimeSpan time, CancellationToken cancellationToken) =>
        RunAsync(
            message,
            async q => message.Receipt = (await q.UpdateMessageAsync(
                message.Id, message.Receipt, message.Text, StorageWorkQueue.RoundUpToSeconds(time),
                cancellationToken)).Value.PopReceipt,
            cancellationToken);

    /// <summary>Runs a call that needs the message's lease. Returns false if the lease was lost.</summary>
    private async Task<bool> RunAsync<T>(
        StorageMessage message, Func<QueueClient, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            await queues.For(message.Queue).RunAsync(call, cancellationToken);
            return true;
        }
        catch (RequestFailedException e)
            when (e.Status is 400 or 404 && e.ErrorCode is "MessageNotFound" or "PopReceiptMismatch")
        {
            return false;
        }
    }
}
