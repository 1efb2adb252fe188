using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>A received message.</summary>
internal interface IWorkMessage
{
    /// <summary>The queue it was sent to.</summary>
    string Queue { get; }

    /// <summary>The message's id, unique within its queue.</summary>
    string Id { get; }

    /// <summary>
    /// The body in the queue, decoded from base64. For a message that does not fit in the queue, this is its claim.
    /// </summary>
    ReadOnlyMemory<byte> Body { get; }

    /// <summary>Number of times it was received, including this one.</summary>
    int DequeueCount { get; }

    /// <summary>The error of the last attempt; null if there is none or the queue does not store it.</summary>
    string? Error { get; }

    /// <summary>
    /// Returns the message as it was sent. Reads the content of a claim now; a failure counts as an attempt of this
    /// message.
    /// </summary>
    /// <exception cref="PipelineException">
    /// Permanent: the content of the claim is missing or cannot be used. Transient: it cannot be read now.
    /// </exception>
    Task<ReadOnlyMemory<byte>> OpenAsync(CancellationToken cancellationToken);
}

/// <summary>The result of one receive.</summary>
/// <param name="Messages">The messages leased to the caller.</param>
/// <param name="Poisoned">
/// The messages moved to the poison queue because they were received too often without being completed.
/// </param>
internal sealed record WorkDelivery<TMessage>(IReadOnlyList<TMessage> Messages, IReadOnlyList<TMessage> Poisoned)
    where TMessage : IWorkMessage;

/// <summary>
/// Receives messages from the queues, for hosts other than Functions. Methods that return a bool return false if the
/// lease of the message expired and another worker received it.
/// </summary>
/// <remarks>If the queues are unavailable, methods throw a transient <see cref="PipelineException"/>.</remarks>
internal interface IWorkReceiver
{
    /// <summary>Releases the messages of workers that are known to have ended.</summary>
    /// <returns>
    /// The number of released messages. Zero if the queue cannot know; the leases then have to expire.
    /// </returns>
    Task<int> ReleaseOrphansAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Leases up to <paramref name="max"/> messages for <paramref name="visibility"/>. Messages that were received too
    /// often go to the poison queue instead.
    /// </summary>
    Task<WorkDelivery<IWorkMessage>> ReceiveAsync(
        string queue, int max, TimeSpan visibility, CancellationToken cancellationToken);

    /// <summary>Deletes a message whose work is done.</summary>
    Task<bool> CompleteAsync(IWorkMessage message, CancellationToken cancellationToken);

    /// <summary>Returns a message whose work failed with an error. It is delivered again after the delay.</summary>
    Task<bool> AbandonAsync(IWorkMessage message, TimeSpan delay, string error, CancellationToken cancellationToken);

    /// <summary>Returns a message whose work was stopped but did not fail. It is delivered again at once.</summary>
    Task<bool> ReleaseAsync(IWorkMessage message, CancellationToken cancellationToken);

    /// <summary>Extends the leases of messages by <paramref name="visibility"/> from now.</summary>
    /// <returns>The messages whose lease was lost.</returns>
    Task<IReadOnlyList<IWorkMessage>> ExtendAsync(
        IReadOnlyList<IWorkMessage> messages, TimeSpan visibility, CancellationToken cancellationToken);

    /// <summary>Moves a message to the poison queue.</summary>
    Task<bool> DeadLetterAsync(IWorkMessage message, string reason, CancellationToken cancellationToken);

    /// <summary>Whether a queue has a message that can be delivered now.</summary>
    Task<bool> HasVisibleAsync(string queue, CancellationToken cancellationToken);

    /// <summary>Returns the bodies of up to 32 messages that could be delivered now, and leases none.</summary>
    Task<IReadOnlyList<ReadOnlyMemory<byte>>> PeekAsync(string queue, int max, CancellationToken cancellationToken);

    /// <summary>
    /// Counts the messages of a queue, including those that are delayed or leased. The number may be out of date.
    /// </summary>
    Task<long> CountAsync(string queue, CancellationToken cancellationToken);

    /// <summary>
    /// Of the messages that could be delivered now, returns when the one that has waited longest became deliverable,
    /// UTC; null if there is none. A store that does not know this returns when that message was sent.
    /// </summary>
    Task<DateTimeOffset?> WaitingSinceAsync(string queue, CancellationToken cancellationToken);

    /// <summary>The queues that consumers read; none if records are not announced on queues.</summary>
    IReadOnlyList<string> OutputQueues { get; }

    /// <summary>Waits until the queue may have a message to deliver, or for a short time.</summary>
    Task WaitAsync(string queue, CancellationToken cancellationToken);
}
