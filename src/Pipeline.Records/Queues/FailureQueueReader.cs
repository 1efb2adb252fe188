using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace Pipeline.Records;

/// <summary>
/// Receives messages from queue <c>failures</c> and returns the failures, including those that did not fit in a message
/// and are in a blob. It extends a message's lease while you handle the failure, then deletes the message, and moves
/// messages that keep failing to the poison queue. Several readers, in any number of processes, can share a queue.
/// </summary>
/// <remarks>
/// A failure may arrive again, with the same id. If its blob is gone, it is skipped: a record has replaced it.
/// </remarks>
public sealed class FailureQueueReader
{
    private static readonly DocumentForm<Failure> Form = new(
        Failure.SchemaName, RecordsJson.Default.Failure, failure => (failure.Schema, failure.Id),
        MayBeGone: true, FaultOf: _ => null);

    private readonly DocumentQueue<Failure> _queue;

    /// <summary>Creates a reader. It does not connect yet.</summary>
    /// <param name="queue">
    /// The queue <c>failures</c>, with the SDK's default encoding: messages are plain text, not base64.
    /// </param>
    /// <param name="failures">The container <c>failures</c>.</param>
    /// <param name="options">
    /// Options; null for the defaults. <see cref="RecordQueueOptions.Handled"/> is not used.
    /// </param>
    /// <param name="time">The clock; null for the system's.</param>
    public FailureQueueReader(
        QueueClient queue, BlobContainerClient failures, RecordQueueOptions? options = null,
        TimeProvider? time = null) =>
        _queue = new(queue, failures, Form, options ?? new(), time ?? TimeProvider.System);

    /// <summary>
    /// Returns failures until cancelled, or until the queue is empty. Asking for the next one confirms that the last
    /// one has been handled. If the loop ends earlier, by <c>break</c> or an exception, the message arrives again.
    /// </summary>
    /// <param name="untilEmpty">
    /// Whether to end when the queue has no visible message; otherwise the method waits.
    /// </param>
    /// <param name="cancellationToken">Ends the loop.</param>
    /// <exception cref="Azure.RequestFailedException">
    /// The account refused or failed, after the SDK's own retries.
    /// </exception>
    public IAsyncEnumerable<Failure> ReadAsync(
        bool untilEmpty = false, CancellationToken cancellationToken = default) =>
        _queue.ReadAsync(untilEmpty, cancellationToken);
}
