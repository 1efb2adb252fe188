namespace Pipeline.Ports;

/// <summary>Base class of receivers. Adapts the port's methods to the receiver's own message type.</summary>
/// <typeparam name="TMessage">The receiver's message type.</typeparam>
internal abstract class WorkReceiver<TMessage> : IWorkReceiver
    where TMessage : class, IWorkMessage
{
    /// <inheritdoc/>
    public abstract Task<int> ReleaseOrphansAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="IWorkReceiver.ReceiveAsync"/>
    public abstract Task<WorkDelivery<TMessage>> ReceiveAsync(
        string queue, int max, TimeSpan visibility, CancellationToken cancellationToken);

    /// <inheritdoc cref="IWorkReceiver.CompleteAsync"/>
    public abstract Task<bool> CompleteAsync(TMessage message, CancellationToken cancellationToken);

    /// <inheritdoc cref="IWorkReceiver.AbandonAsync"/>
    public abstract Task<bool> AbandonAsync(
        TMessage message, TimeSpan delay, string error, CancellationToken cancellationToken);

    /// <inheritdoc cref="IWorkReceiver.ReleaseAsync"/>
    public abstract Task<bool> ReleaseAsync(TMessage message, CancellationToken cancellationToken);

    /// <inheritdoc cref="IWorkReceiver.ExtendAsync"/>
    public abstract Task<IReadOnlyList<TMessage>> ExtendAsync(
        IReadOnlyList<TMessage> messages, TimeSpan visibility, CancellationToken cancellationToken);

    /// <inheritdoc cref="IWorkReceiver.DeadLetterAsync"/>
    public abstract Task<bool> DeadLetterAsync(TMessage message, string reason, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task<bool> HasVisibleAsync(string queue, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task<IReadOnlyList<ReadOnlyMemory<byte>>> PeekAsync(
        string queue, int max, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task<long> CountAsync(string queue, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract Task<DateTimeOffset?> WaitingSinceAsync(string queue, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public virtual IReadOnlyList<string> OutputQueues => [];

    /// <inheritdoc/>
    public abstract Task WaitAsync(string queue, CancellationToken cancellationToken);

    async Task<WorkDelivery<IWorkMessage>> IWorkReceiver.ReceiveAsync(
        string queue, int max, TimeSpan visibility, CancellationToken cancellationToken)
    {
        var (messages, poisoned) = await ReceiveAsync(queue, max, visibility, cancellationToken);
        return new(messages, poisoned);
    }

    Task<bool> IWorkReceiver.CompleteAsync(IWorkMessage message, CancellationToken cancellationToken) =>
        CompleteAsync((TMessage)message, cancellationToken);

    Task<bool> IWorkReceiver.AbandonAsync(
        IWorkMessage message, TimeSpan delay, string error, CancellationToken cancellationToken) =>
        AbandonAsync((TMessage)message, delay, error, cancellationToken);

    Task<bool> IWorkReceiver.ReleaseAsync(IWorkMessage message, CancellationToken cancellationToken) =>
        ReleaseAsync((TMessage)message, cancellationToken);

    async Task<IReadOnlyList<IWorkMessage>> IWorkReceiver.ExtendAsync(
        IReadOnlyList<IWorkMessage> messages, TimeSpan visibility, CancellationToken cancellationToken) =>
        await ExtendAsync([.. messages.Cast<TMessage>()], visibility, cancellationToken);

    Task<bool> IWorkReceiver.DeadLetterAsync(
        IWorkMessage message, string reason, CancellationToken cancellationToken) =>
        DeadLetterAsync((TMessage)message, reason, cancellationToken);
}
