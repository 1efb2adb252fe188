using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Cli.Settings;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;
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

    private readonly ObjectStores _objects = services.GetRequiredService<ObjectStores>();

    /// <summary>Copies the results of closed lists.</summary>
    /// <returns>
    /// Whether the number of records is that of the manifests, and no failure has a record that nobody counted yet.
    /// </returns>
    /// <exception cref="PipelineException">Transient: the account cannot be reached, or has fewer results than a
    /// manifest.</exception>
    public async Task<bool> FetchAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken)
    {
        await using var database = await LocalDatabase.OpenAsync(settings.State, cancellationToken);
        using var sink = await NdjsonRecordStore.OpenAsync(
            database, settings.Out, services.GetRequiredService<ILogger<NdjsonRecordStore>>(), cancellationToken);
        var isCounted = true;
        foreach (var listId in listIds)
        {
            var failures = new ConcurrentBag<Failure>();
            var manifest = await ReadAsync(
                Blob(AzureNames.ManifestsContainer, $"{listId}.json"), PipelineJson.Plain.Manifest, cancellationToken);
            var fetched = 0L;
            await Parallel.ForEachAsync(manifest.Locations, Limited(cancellationToken), async (file, token) =>
                Interlocked.Add(ref fetched, await FetchRecordsAsync(listId, file, sink, token)));
            fetched += await EachAsync(
                Blob(AzureNames.FailuresContainer, $"{listId}/"), ".json",
                async (blob, token) =>
                {
                    var failure = await ReadAsync(blob, PipelineJson.Plain.Failure, token);
                    failures.Add(failure);
                    await sink.PutFailuresAsync([failure], token);
                },
                cancellationToken);
            if (fetched < manifest.Inputs)
                throw PipelineException.Transient(
                    FailureReasons.Unavailable,
                    $"The storage account holds {Amount.Of(fetched, "record or failure", "records and failures")} of "
                        + $"list {listId}, which has {Amount.Of(manifest.Inputs, "input")}. Were some deleted?");
            await sink.PutManifestAsync(manifest, cancellationToken);
            isCounted &= !await HasRecordAsync(failures, cancellationToken);
        }

        return isCounted && await sink.AgreesAsync(listIds, cancellationToken);
    }

    /// <summary>Whether a part holds the record of an input that counts as a failure.</summary>
    private async Task<bool> HasRecordAsync(IEnumerable<Failure> failures, CancellationToken cancellationToken)
    {
        var store = services.GetRequiredService<IRecordStore>();
        foreach (var submission in failures.GroupBy(failure => (failure.ListId, failure.SubmissionId)))
        {
            var found = await store.FindRecordsAsync(
                submission.Key.ListId, submission.Key.SubmissionId, [.. submission.Select(failure => failure.Id)],
                cancellationToken);
            if (found.Count > 0)
                return true;
        }

        return false;
    }

    private async Task<long> EachAsync(
        ObjectUri prefix, string suffix, Func<ObjectUri, CancellationToken, Task> fetch,
        CancellationToken cancellationToken)
    {
        var count = 0L;
        await Parallel.ForEachAsync(
            _objects.ListAsync(prefix, cancellationToken)
                .Where(blob => blob.Uri.Key.EndsWith(suffix, StringComparison.Ordinal)),
            Limited(cancellationToken),
            async (blob, token) =>
            {
                await fetch(blob.Uri, token);
                Interlocked.Increment(ref count);
            });
        return count;
    }

    /// <summary>
    /// Copies the records of a submission's file, which are lines. Without its line feed the last one is incomplete.
    /// </summary>
    /// <returns>The number of records.</returns>
    private async Task<long> FetchRecordsAsync(
        string listId, RecordLocation file, NdjsonRecordStore sink, CancellationToken cancellationToken)
    {
        var name = Uri.UnescapeDataString(file.Uri[(file.Uri.LastIndexOf('/') + 1)..]);
        var submissionId = name[..name.IndexOf('.', StringComparison.Ordinal)];
        await using var stored = await OpenAsync(
            Blob(AzureNames.RecordsContainer, $"{listId}/{name}"), cancellationToken);
        await using var content = new GZipStream(stored.Body, CompressionMode.Decompress);
        var batch = new RecordBatch(listId, submissionId, Folders.Spill(settings), sink);
        await using (batch)
        {
            var buffer = new byte[64 * 1024];
            for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0;)
                await batch.AppendAsync(buffer.AsMemory(0, read), cancellationToken);
            if (!await batch.EndAsync(cancellationToken))
                throw PipelineException.Transient(
                    FailureReasons.ObjectDamaged, $"The last record in {file.Uri} is incomplete.");
            return batch.Records;
        }
    }

    private static ParallelOptions Limited(CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken };

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
