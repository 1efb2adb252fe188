using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace Pipeline.Chaos;

/// <summary>
/// Audits a storage account as a consumer sees it: queue messages with their ranges, and the files that the manifests
/// name. Each id must be announced at least once, always with the same bytes, and the files must hold exactly what was
/// announced.
/// </summary>
internal sealed class Consumer(string connectionString, string folder)
{
    private const int MaxMessages = 32;

    private readonly BlobServiceClient _blobs = new(connectionString);
    private readonly QueueServiceClient _queues = new(
        connectionString, new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None });

    /// <summary>The line of each announced id.</summary>
    private readonly Dictionary<string, string> _announced = new(StringComparer.Ordinal);

    public async Task AuditAsync(Verdict verdict)
    {
        await foreach (var message in DrainAsync("records"))
            await ReadPartAsync(message, verdict);
        var filed = await ReadFilesAsync(verdict);
        var written = Ids("records.ndjson");
        Compare("records.ndjson", written, filed.Keys, "a submission's file", verdict);
        Compare("records.ndjson", written, _announced.Keys, "the queue", verdict);
        verdict.Damaged.AddRange(filed.Where(
                f => _announced.GetValueOrDefault(f.Key) is { } line && !AreSame(verdict.Plan, line, f.Value))
            .Select(f => $"the file has another record of {f.Key} than the one that was announced"));
        var failed = Ids("failures.ndjson");
        Compare("failures.ndjson", failed, await FailureBlobsAsync(), "the container of failures", verdict);
        var told = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var message in DrainAsync("failures"))
            told.Add(message.GetProperty("id").GetString()!);
        verdict.Lost.AddRange(failed.Except(told).Select(id => $"the failure {id} was never announced"));
    }

    private async Task ReadPartAsync(JsonElement message, Verdict verdict)
    {
        if (message.GetProperty("schema").GetString() != "pipeline.part/1")
            verdict.Damaged.Add($"a message on the queue of records is a {message.GetProperty("schema").GetString()}");
        var part = new BlobUriBuilder(new(message.GetProperty("uri").GetString()!));
        var blob = _blobs.GetBlobContainerClient(part.BlobContainerName).GetBlobClient(part.BlobName);
        foreach (var record in message.GetProperty("records").EnumerateArray())
        {
            var id = record.GetProperty("id").GetString()!;
            var (offset, length) = (record.GetProperty("offset").GetInt64(), record.GetProperty("length").GetInt64());
            var bytes = (await blob.DownloadContentAsync(
                new Azure.Storage.Blobs.Models.BlobDownloadOptions { Range = new(offset, length) })).Value.Content;
            if (Lines(bytes.ToStream()) is not [var line] || !Agrees(JsonElement.Parse(line), record))
                verdict.Damaged.Add($"the announced range of {id} is not its record");
            else if (!_announced.TryAdd(id, line) && !AreSame(verdict.Plan, _announced[id], line))
                verdict.Duplicated.Add($"{id} was announced with two different records");
        }
    }

    /// <summary>
    /// Whether two lines are the same record. A restored ledger does not know which of two workers' records was
    /// announced: their content must be the same then, their times may differ.
    /// </summary>
    private static bool AreSame(TrialPlan plan, string line, string other) =>
        line == other || (plan.IsRestored && Agrees(JsonElement.Parse(line), JsonElement.Parse(other)));

    private static bool Agrees(JsonElement record, JsonElement announced) =>
        new[] { "id", "url", "http_status", "content_digest" }.All(name =>
            !announced.TryGetProperty(name, out var said)
            || (record.TryGetProperty(name, out var has) && has.GetRawText() == said.GetRawText()));

    /// <summary>Returns the line of each id in the files that the manifests name.</summary>
    private async Task<Dictionary<string, string>> ReadFilesAsync(Verdict verdict)
    {
        var lines = new Dictionary<string, string>(StringComparer.Ordinal);
        var manifests = _blobs.GetBlobContainerClient("manifests");
        await foreach (var manifest in manifests.GetBlobsAsync())
        {
            var json = JsonElement.Parse(
                (await manifests.GetBlobClient(manifest.Name).DownloadContentAsync()).Value.Content.ToMemory().Span);
            foreach (var location in json.GetProperty("locations").EnumerateArray())
                await ReadFileAsync(location, lines, verdict);
        }

        return lines;
    }

    private async Task ReadFileAsync(JsonElement location, Dictionary<string, string> lines, Verdict verdict)
    {
        var uri = location.GetProperty("uri").GetString()!;
        var name = new BlobUriBuilder(new(uri));
        var bytes = (await _blobs.GetBlobContainerClient(name.BlobContainerName).GetBlobClient(name.BlobName)
            .DownloadContentAsync()).Value.Content;
        var read = Lines(bytes.ToStream());
        if (read.Count != location.GetProperty("records").GetInt64()
            || bytes.ToMemory().Length != location.GetProperty("bytes").GetInt64())
            verdict.Damaged.Add($"{uri} has another length than the manifest says");
        if (location.TryGetProperty("sha256", out var digest)
            && digest.GetString() != Convert.ToHexStringLower(SHA256.HashData(bytes.ToMemory().Span)))
            verdict.Damaged.Add($"{uri} does not match the manifest's digest");
        foreach (var line in read)
            if (!lines.TryAdd(JsonElement.Parse(line).GetProperty("id").GetString()!, line))
                verdict.Duplicated.Add($"a record is in the files twice: {line[..Math.Min(line.Length, 100)]}");
    }

    private async Task<IReadOnlyList<string>> FailureBlobsAsync()
    {
        var container = _blobs.GetBlobContainerClient("failures");
        return await container.ExistsAsync()
            ? await container.GetBlobsAsync().Select(b => Path.GetFileNameWithoutExtension(b.Name)).ToListAsync()
            : [];
    }

    private async IAsyncEnumerable<JsonElement> DrainAsync(string name)
    {
        var queue = _queues.GetQueueClient(name);
        if (!await queue.ExistsAsync())
            yield break;
        while ((await queue.ReceiveMessagesAsync(MaxMessages)).Value is { Length: > 0 } messages)
            foreach (var message in messages)
            {
                yield return JsonElement.Parse(message.MessageText);
                await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt);
            }
    }

    private HashSet<string> Ids(string file) => !File.Exists(Path.Combine(folder, file))
        ? []
        : File.ReadLines(Path.Combine(folder, file)).Where(line => line.Length > 0)
            .Select(line => JsonElement.Parse(line).GetProperty("id").GetString()!).ToHashSet(StringComparer.Ordinal);

    private static void Compare(
        string file, IReadOnlySet<string> written, IReadOnlyCollection<string> found, string where, Verdict verdict)
    {
        verdict.Lost.AddRange(written.Except(found).Select(id => $"{id} is in {file}, but not in {where}"));
        verdict.Damaged.AddRange(found.Except(written).Select(id => $"{id} is in {where}, but not in {file}"));
    }

    private static IReadOnlyList<string> Lines(Stream gzip)
    {
        using var text = new StreamReader(new GZipStream(gzip, CompressionMode.Decompress), Encoding.UTF8);
        return text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
