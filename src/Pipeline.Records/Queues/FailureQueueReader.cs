using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace Pipeline.Records;

/// <summary>
/// Takes messages from queue <c>failures</c> and gives the failures, also those that did not fit a message and lie in a
/// blob. It extends the lease of a message while its failure is handled, deletes the message then, and moves messages
/// that fail again and again to the poison queue. Several readers, in any number of processes, share a queue.
/// </summary>
/// <remarks>
/// A failure may come again, with the same id. One whose blob is gone is left out: a record has replaced it.
/// </remarks>
public sealed class FailureQueueReader
{
    private static readonly DocumentForm<Failure> Form = new(
        Failure.SchemaName, RecordsJson.Default.Failure, failure => (failure.Schema, failure.Id),
        MayBeGone: true, FaultOf: _ => null);

    private readonly DocumentQueue<Failure> _queue;

    /// <summary>Creates a reader. It needs no connection yet.</summary>
    /// <param name="queue">
    /// The queue <c>failures</c>, with the SDK's default encoding: messages are plain text, not base64.
    /// </param>
    /// <param name="failures">The container <c>failures</c>.</param>
    /// <param name="options">
    /// How it works; null for the defaults. <see cref="RecordQueueOptions.Handled"/> is not used.
    /// </param>
    /// <param name="time">The clock; null for the system's.</param>
    public FailureQueueReader(
        QueueClient queue, BlobContainerClient failures, RecordQueueOptions? options = null,
        TimeProvider? time = null) =>
        _queue = new(queue, failures, Form, options ?? new(), time ?? TimeProvider.System);

    /// <summary>
    /// Gives failures until it is cancelled, or until the queue is empty. Asking for the next one says that the last
    /// one has been handled. If the loop ends before, by <c>break</c> or by an exception, the message comes again.
    /// </summary>
    /// <param name="untilEmpty">Whether to end when the queue has no visible message; otherwise it waits.</param>
    /// <param name="cancellationToken">Ends the loop.</param>
    /// <exception cref="Azure.RequestFailedException">
    /// The account refused or failed, after the SDK's own retries.
    /// </exception>
    public IAsyncEnumerable<Failure> ReadAsync(
        bool untilEmpty = false, CancellationToken cancellationToken = default) =>
        _queue.ReadAsync(untilEmpty, cancellationToken);
}
