using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace Pipeline.Records;

/// <summary>
/// Takes messages from queue <c>manifests</c> and gives the manifests, also those that did not fit a message and lie in
/// a blob. It extends the lease of a message while its manifest is handled, deletes the message then, and moves
/// messages that fail again and again to the poison queue. Several readers, in any number of processes, share a queue.
/// </summary>
/// <remarks>
/// A manifest may come again. One whose list has closed again since is given as it is now.
/// </remarks>
public sealed class ManifestQueueReader
{
    private static readonly DocumentForm<Manifest> Form = new(
        Manifest.SchemaName, RecordsJson.Default.Manifest, manifest => (manifest.Schema, manifest.ListId),
        MayBeGone: false, FaultOf: manifest => manifest.FindFault());

    private readonly DocumentQueue<Manifest> _queue;

    /// <summary>Creates a reader. It needs no connection yet.</summary>
    /// <param name="queue">
    /// The queue <c>manifests</c>, with the SDK's default encoding: messages are plain text, not base64.
    /// </param>
    /// <param name="manifests">The container <c>manifests</c>.</param>
    /// <param name="options">
    /// How it works; null for the defaults. <see cref="RecordQueueOptions.Handled"/> is not used.
    /// </param>
    /// <param name="time">The clock; null for the system's.</param>
    public ManifestQueueReader(
        QueueClient queue, BlobContainerClient manifests, RecordQueueOptions? options = null,
        TimeProvider? time = null) =>
        _queue = new(queue, manifests, Form, options ?? new(), time ?? TimeProvider.System);

    /// <summary>
    /// Gives manifests until it is cancelled, or until the queue is empty. Asking for the next one says that the last
    /// one has been handled. If the loop ends before, by <c>break</c> or by an exception, the message comes again.
    /// </summary>
    /// <param name="untilEmpty">Whether to end when the queue has no visible message; otherwise it waits.</param>
    /// <param name="cancellationToken">Ends the loop.</param>
    /// <exception cref="Azure.RequestFailedException">
    /// The account refused or failed, after the SDK's own retries.
    /// </exception>
    public IAsyncEnumerable<Manifest> ReadAsync(
        bool untilEmpty = false, CancellationToken cancellationToken = default) =>
        _queue.ReadAsync(untilEmpty, cancellationToken);
}
