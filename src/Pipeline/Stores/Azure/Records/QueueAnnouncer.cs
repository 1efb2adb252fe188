using System.Text.Json;
using Azure.Storage.Queues;
using Pipeline.Ports;
using Pipeline.Stores.Azure.Queues;

namespace Pipeline.Stores.Azure.Records;

/// <summary>
/// Announces stored documents on the queues <c>records</c>, <c>failures</c> and <c>manifests</c>. A message holds the
/// JSON if it fits, otherwise a pointer to the blob.
/// </summary>
internal sealed class QueueAnnouncer(AzureAccount account) : IRecordAnnouncer
{
    private readonly AzureResource<QueueClient> _records = account.Queue(AzureNames.RecordsQueue);
    private readonly AzureResource<QueueClient> _failures = account.Queue(AzureNames.FailuresQueue);
    private readonly AzureResource<QueueClient> _manifests = account.Queue(AzureNames.ManifestsQueue);

    /// <inheritdoc/>
    public async Task AnnounceAsync(StoredDocument document, CancellationToken cancellationToken)
    {
        var json = document.Kind == DocumentKind.Record
            ? await RecordBlobs.TryExpandAsync(document.Content, MessageText.MaxBytes, cancellationToken)
            : await ReadAsync(document.Content, cancellationToken);
        var message = (json is { } bytes ? MessageText.TryEncode(bytes.Span) : null)
            ?? await PointAtAsync(document, cancellationToken);
        await QueueOf(document.Kind).RunAsync(
            queue => queue.SendMessageAsync(message, TimeSpan.Zero, StorageWorkQueue.Never, cancellationToken),
            cancellationToken);
    }

    private AzureResource<QueueClient> QueueOf(DocumentKind kind) => kind switch
    {
        DocumentKind.Record => _records,
        DocumentKind.Failure => _failures,
        _ => _manifests,
    };

    private static async Task<string> PointAtAsync(StoredDocument document, CancellationToken cancellationToken)
    {
        var pointer = new Pointer
        {
            Id = document.Id,
            Uri = document.Address,
            Bytes = document.Content.Length,
            Sha256 = await RecordBlobs.HashAsync(document.Content, cancellationToken),
        };
        return JsonSerializer.Serialize(pointer, AzureJson.Plain.Pointer);
    }

    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(Stream content, CancellationToken cancellationToken)
    {
        var json = new byte[content.Length];
        content.Position = 0;
        await content.ReadExactlyAsync(json, cancellationToken);
        return json;
    }
}
