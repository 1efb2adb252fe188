using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Cli.Settings;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Staging;
using Pipeline.Stores;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Records;

namespace Pipeline.Cli.Run;

/// <summary>
/// Copies the results of lists from the storage account into the folder of the run. The local sink takes each id once,
/// so an interrupted copy is simply repeated.
/// </summary>
internal sealed class AccountOutput(RunSettings settings, IServiceProvider services)
{
    private const int Concurrency = 16;
    private const int SpillAt = 1 << 20;
    private const string RecordSuffix = ".json.gz";

    private readonly ObjectStores _objects = services.GetRequiredService<ObjectStores>();

    /// <summary>Copies the results of closed lists.</summary>
    /// <returns>Whether the number of records is that of the manifests.</returns>
    /// <exception cref="PipelineException">Transient: the account cannot be reached, or has fewer results than a
    /// manifest.</exception>
    public async Task<bool> FetchAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken)
    {
        await using var database = await LocalDatabase.OpenAsync(settings.State, cancellationToken);
        using var sink = await NdjsonRecordStore.OpenAsync(
            database, settings.Out, services.GetRequiredService<ILogger<NdjsonRecordStore>>(), cancellationToken);
        foreach (var listId in listIds)
        {
            var manifest = await ReadAsync(
                Blob(AzureNames.ManifestsContainer, $"{listId}.json"), PipelineJson.Plain.Manifest, cancellationToken);
            var fetched = await EachAsync(
                Blob(AzureNames.RecordsContainer, $"{listId}/"), RecordSuffix, (blob, token) =>
                    FetchRecordAsync(listId, blob, sink, token), cancellationToken);
            fetched += await EachAsync(
                Blob(AzureNames.FailuresContainer, $"{listId}/"), ".json",
                async (blob, token) =>
                    await sink.PutFailuresAsync([await ReadAsync(blob, PipelineJson.Plain.Failure, token)], token),
                    cancellationToken);
            if (fetched < manifest.Inputs)
                throw PipelineException.Transient(
                    FailureReasons.Unavailable,
                    $"The storage account holds {Amount.Of(fetched, "record or failure", "records and failures")} of "
                        + $"list {listId}, which has {Amount.Of(manifest.Inputs, "input")}. Were some deleted?");
            await sink.PutManifestAsync(manifest, cancellationToken);
        }

        return await sink.AgreesAsync(listIds, cancellationToken);
    }

    private async Task<long> EachAsync(
        ObjectUri prefix, string suffix, Func<ObjectUri, CancellationToken, Task> fetch,
        CancellationToken cancellationToken)
    {
        var count = 0L;
        await Parallel.ForEachAsync(
            _objects.ListAsync(prefix, cancellationToken)
                .Where(blob => blob.Uri.Key.EndsWith(suffix, StringComparison.Ordinal)),
            new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken },
            async (blob, token) =>
            {
                await fetch(blob.Uri, token);
                Interlocked.Increment(ref count);
            });
        return count;
    }

    /// <summary>The blob of a record is a gzip member of one line. Without its line feed it is incomplete.</summary>
    private async Task FetchRecordAsync(
        string listId, ObjectUri blob, NdjsonRecordStore sink, CancellationToken cancellationToken)
    {
        var path = blob.Key.Split('/');
        using var line = new SpillBuffer(SpillAt, Folders.Spill(settings));
        await using var stored = await OpenAsync(blob, cancellationToken);
        await using var content = new GZipStream(stored.Body, CompressionMode.Decompress);
        var buffer = new byte[64 * 1024];
        var isWhole = false;
        for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            isWhole = buffer[read - 1] == (byte)'\n';
            line.Append(buffer.AsSpan(0, isWhole ? read - 1 : read));
        }
        if (!isWhole)
            throw PipelineException.Transient(FailureReasons.ObjectDamaged, $"The record in {blob} is incomplete.");
        await using var record = new StagedRecord(
            path[^1][..^RecordSuffix.Length], listId, path[^2], [new(default, line)]);
        await sink.PutRecordAsync(record, cancellationToken);
    }

    private async Task<T> ReadAsync<T>(ObjectUri blob, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        await using var stored = await OpenAsync(blob, cancellationToken);
        return (await JsonSerializer.DeserializeAsync(stored.Body, type, cancellationToken))!;
    }

    private async Task<ObjectRead> OpenAsync(ObjectUri blob, CancellationToken cancellationToken) =>
        await _objects.OpenAsync(blob, cancellationToken)
        ?? throw PipelineException.Transient(
            FailureReasons.Unavailable, $"{blob} was listed a moment ago and is gone.");

    private static ObjectUri Blob(string container, string key) => new("azblob", container, key);
}
