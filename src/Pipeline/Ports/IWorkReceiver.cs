using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>A message as a worker holds it.</summary>
internal interface IWorkMessage
{
    /// <summary>The queue it was sent to.</summary>
    string Queue { get; }

    /// <summary>Never used twice within its queue.</summary>
    string Id { get; }

    /// <summary>The message as it lies in the queue, base64 decoded: for one that the queue could not carry, only its claim.</summary>
    ReadOnlyMemory<byte> Body { get; }

    /// <summary>How often it has been received, this time included.</summary>
    int DequeueCount { get; }

    /// <summary>What the last try said, where the queue keeps it.</summary>
    string? Error { get; }

    /// <summary>The message as it was sent; what a claim stands for is read now. A failure counts as a try of this message.</summary>
    /// <exception cref="PipelineException">Permanent: what the claim stands for is gone or cannot be used. Transient: it cannot be read now.</exception>
    Task<ReadOnlyMemory<byte>> OpenAsync(CancellationToken cancellationToken);
}

/// <summary>What one receive gave.</summary>
/// <param name="Messages">Leased to the caller.</param>
/// <param name="Poisoned">Moved to the poison queue instead, since they had been received too often without an end.</param>
internal sealed record WorkDelivery<TMessage>(IReadOnlyList<TMessage> Messages, IReadOnlyList<TMessage> Poisoned)
    where TMessage : IWorkMessage;

/// <summary>The receiving side of the queues, for a host that is not Functions. Where a lease ran out and somebody else received the message, its decisions return false.</summary>
/// <remarks>Errors to reach the queues are transient <see cref="PipelineException"/>s.</remarks>
internal interface IWorkReceiver
{
    /// <summary>Gives back what workers held that are known to live no longer.</summary>
    /// <returns>How many messages are free again; zero where the queue cannot know, and leases have to run out.</returns>
    Task<int> ReleaseOrphansAsync(CancellationToken cancellationToken);

    /// <summary>Leases up to <paramref name="max"/> messages for as long as <paramref name="visibility"/>. Those received too often already go to the poison queue instead.</summary>
    Task<WorkDelivery<IWorkMessage>> ReceiveAsync(string queue, int max, TimeSpan visibility, CancellationToken cancellationToken);

    /// <summary>The work is done.</summary>
    Task<bool> CompleteAsync(IWorkMessage message, CancellationToken cancellationToken);

    /// <summary>The work failed, for the reason given; it may be tried again after the delay.</summary>
    Task<bool> AbandonAsync(IWorkMessage message, TimeSpan delay, string error, CancellationToken cancellationToken);

    /// <summary>The work was stopped, not failed: it is there again at once.</summary>
    Task<bool> ReleaseAsync(IWorkMessage message, CancellationToken cancellationToken);

    /// <summary>Holds messages for as long again.</summary>
    /// <returns>Those whose lease had been taken over.</returns>
    Task<IReadOnlyList<IWorkMessage>> ExtendAsync(IReadOnlyList<IWorkMessage> messages, TimeSpan visibility, CancellationToken cancellationToken);

    /// <summary>Moves a message to the poison queue.</summary>
    Task<bool> DeadLetterAsync(IWorkMessage message, string reason, CancellationToken cancellationToken);

    /// <summary>Whether a queue has a message to deliver now.</summary>
    Task<bool> HasVisibleAsync(string queue, CancellationToken cancellationToken);

    /// <summary>Returns when the queue may have something to deliver, or soon after it was found empty.</summary>
    Task WaitAsync(string queue, CancellationToken cancellationToken);
}
