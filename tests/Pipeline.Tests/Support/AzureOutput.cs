using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Records;

namespace Pipeline.Tests.Support;

/// <summary>What consumers read in a storage account: the store, the announcer, and what is there.</summary>
internal sealed class AzureOutput(AzureAccount account)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public AzureRecordStore Store { get; } = StoreOf(account);

    public Publisher Publisher => new(Store, [new QueueAnnouncer(account, new())]);

    public static AzureRecordStore StoreOf(AzureAccount account)
    {
        var parts = new RecordParts(account);
        return new(account, parts, new(
            parts, new(parts, account, TimeProvider.System), NullLogger<SubmissionFiles>.Instance),
            new(new TableRestoreLedger(account), TimeProvider.System));
    }

    /// <summary>An input with a record, as the ledger has it.</summary>
    public static InputEntry Recorded(StoredRecord record, int ordinal, string submissionId = "list-000000") =>
        Some.Input(submissionId, ordinal) with
        {
            Id = record.Id,
            State = InputState.Recorded,
            HttpStatus = record.HttpStatus,
            Place = record.Place,
            ContentDigest = record.ContentDigest,
        };

    public async Task<byte[]> ReadAsync(string container, string name) =>
        (await account.Blobs.GetBlobContainerClient(container).GetBlobClient(name).DownloadContentAsync(Ct))
            .Value.Content.ToArray();

    public async Task<IReadOnlyList<string>> NamesAsync(string container) =>
        await account.Blobs.GetBlobContainerClient(container).GetBlobsAsync(cancellationToken: Ct)
            .Select(blob => blob.Name).ToListAsync(Ct);

    public async Task<IReadOnlyList<string>> MessagesAsync(string queue) =>
        [.. (await account.Queues.GetQueueClient(queue).PeekMessagesAsync(32, Ct)).Value.Select(m => m.MessageText)];

    /// <summary>The lines of gzipped text.</summary>
    public static IReadOnlyList<string> Lines(ReadOnlyMemory<byte> gzip)
    {
        using var text = new MemoryStream();
        using (var stream = new GZipStream(new MemoryStream(gzip.ToArray()), CompressionMode.Decompress))
            stream.CopyTo(text);
        return Encoding.UTF8.GetString(text.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
