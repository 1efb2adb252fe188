using System.Security.Cryptography;
using System.Text.Json;
using Azure.Storage.Queues;
using Pipeline.Ports;
using Pipeline.Stores.Azure.Queues;

namespace Pipeline.Stores.Azure.Records;

/// <summary>
/// Announces what is stored on the queues <c>records</c>, <c>failures</c> and <c>manifests</c>. A message about records
/// names their ranges in a part. One about a failure or a manifest holds the JSON if it fits, otherwise a pointer to
/// the blob.
/// </summary>
internal sealed class QueueAnnouncer(AzureAccount account, SentAnnouncements sent) : IRecordAnnouncer
{
    private readonly AzureResource<QueueClient> _records = account.Queue(AzureNames.RecordsQueue);
    private readonly AzureResource<QueueClient> _failures = account.Queue(AzureNames.FailuresQueue);
    private readonly AzureResource<QueueClient> _manifests = account.Queue(AzureNames.ManifestsQueue);

    /// <inheritdoc/>
    public async Task AnnounceAsync(StoredDocument document, CancellationToken cancellationToken)
    {
        var json = new byte[document.Content.Length];
        document.Content.Position = 0;
        await document.Content.ReadExactlyAsync(json, cancellationToken);
        await SendAsync(
            ListOf(document), document.Kind == DocumentKind.Failure ? _failures : _manifests,
            MessageText.TryEncode(json) ?? PointAt(document, json), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task AnnounceAsync(StoredPart part, CancellationToken cancellationToken)
    {
        foreach (var message in Messages(part, part.Records))
            await SendAsync(part.ListId, _records, message, cancellationToken);
    }

    /// <summary>
    /// Returns the fewest messages that hold the records. If a URL alone would fill a message, the message omits it;
    /// the record has it.
    /// </summary>
    private static IEnumerable<string> Messages(StoredPart part, IReadOnlyList<AnnouncedRecord> records)
    {
        if (Write(part, records, AzureJson.Plain) is { } text)
            return [text];
        if (records is not [var only])
            return Messages(part, [.. records.Take(records.Count / 2)])
                .Concat(Messages(part, [.. records.Skip(records.Count / 2)]));
        // The queue's XML cannot hold some characters unescaped.
        return [
            Write(part, records, AzureJson.Default)
                ?? Write(part, [only with { Url = null }], AzureJson.Default)
                ?? throw new InvalidOperationException($"No message about record {only.Id} fits the queue."),
        ];
    }

    private static string? Write(StoredPart part, IReadOnlyList<AnnouncedRecord> records, AzureJson json) =>
        MessageText.TryEncode(JsonSerializer.SerializeToUtf8Bytes(
            new PartMessage
            {
                ListId = part.ListId,
                SubmissionId = part.SubmissionId,
                Uri = part.Uri,
                Records = records,
            },
            json.PartMessage));

    private static string PointAt(StoredDocument document, byte[] json) => JsonSerializer.Serialize(
        new Pointer
        {
            Id = document.Id,
            Uri = document.Address,
            Bytes = json.Length,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(json)),
        },
        AzureJson.Plain.Pointer);

    // Failures are in a folder of their list.
    private static string ListOf(StoredDocument document) =>
        document.Kind == DocumentKind.Failure ? document.Address.Split('/')[^2] : document.Id;

    private async Task SendAsync(
        string listId, AzureResource<QueueClient> queue, string message, CancellationToken cancellationToken)
    {
        var receipt = await queue.RunAsync(
            q => q.SendMessageAsync(message, TimeSpan.Zero, StorageWorkQueue.Never, cancellationToken),
            cancellationToken);
        sent.Add(listId, queue, receipt.Value.MessageId, receipt.Value.PopReceipt);
    }
}
