using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace Pipeline.Records;

/// <summary>
/// Receives messages from queue <c>manifests</c> and returns the manifests, including those that did not fit in a
/// message and are in a blob. It extends a message's lease while you handle the manifest, then deletes the message, and
/// moves messages that keep failing to the poison queue. Several readers, in any number of processes, can share a
/// queue.
/// </summary>
/// <remarks>A manifest may arrive again. If its list has closed again since, the newest manifest is returned.</remarks>
public sealed class ManifestQueueReader
{
    private static readonly DocumentForm<Manifest> Form = new(
        Manifest.SchemaName, RecordsJson.Default.Manifest, manifest => (manifest.Schema, manifest.ListId),
        MayBeGone: false, FaultOf: manifest => manifest.FindFault());

    private readonly DocumentQueue<Manifest> _queue;

    /// <summary>Creates a reader. It does not connect yet.</summary>
    /// <param name="queue">
    /// The queue <c>manifests</c>, with the SDK's default encoding: messages are plain text, not base64.
    /// </param>
    /// <param name="manifests">The container <c>manifests</c>.</param>
    /// <param name="options">
    /// Options; null for the defaults. <see cref="RecordQueueOptions.Handled"/> is not used.
    /// </param>
    /// <param name="time">The clock; null for the system's.</param>
    public ManifestQueueReader(
        QueueClient queue, BlobContainerClient manifests, RecordQueueOptions? options = null,
        TimeProvider? time = null) =>
        _queue = new(queue, manifests, Form, options ?? new(), time ?? TimeProvider.System);

    /// <summary>
    /// Returns manifests until cancelled, or until the queue is empty. Asking for the next one confirms that the last
    /// one has been handled. If the loop ends earlier, by <c>break</c> or an exception, the message arrives again.
    /// </summary>
    /// <param name="untilEmpty">
    /// Whether to end when the queue has no visible message; otherwise the method waits.
    /// </param>
    /// <param name="cancellationToken">Ends the loop.</param>
    /// <exception cref="Azure.RequestFailedException">
    /// The account refused or failed, after the SDK's own retries.
    /// </exception>
    public IAsyncEnumerable<Manifest> ReadAsync(
        bool untilEmpty = false, CancellationToken cancellationToken = default) =>
        _queue.ReadAsync(untilEmpty, cancellationToken);
}
