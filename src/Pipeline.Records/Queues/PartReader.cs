using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;

namespace Pipeline.Records;

/// <summary>Opens a range of a blob.</summary>
/// <param name="blob">Name of the blob in the container, such as <c>list/submission/part.ndjson.gz</c>.</param>
/// <param name="offset">Offset of the first byte.</param>
/// <param name="length">Number of bytes; null for all bytes to the end.</param>
/// <param name="cancellationToken">Cancels the request.</param>
/// <returns>A stream that the caller disposes; null if the blob does not exist.</returns>
public delegate Task<Stream?> BlobRangeOpener(
    string blob, long offset, long? length, CancellationToken cancellationToken);

/// <summary>
/// Reads the records that a <see cref="PartMessage"/> names. Adjacent records are read with one request, and each
/// record is compared with the message: same id, same digest, same range. A record that cannot be used does not affect
/// the others: they are returned first.
/// </summary>
/// <remarks>
/// Only the path within the container is used of the message's address, so a forged message cannot send a reader and
/// its credentials to another host.
/// </remarks>
public sealed class PartReader
{
    /// <summary>Maximum size of a range that is read at once, so that no connection stays open while records are
    /// handled.</summary>
    private const long BufferBytes = 4 << 20;

    private readonly BlobRangeOpener _open;
    private readonly RecordReaderOptions _options;
    private readonly string _container;

    /// <summary>Reads from a container through the Azure SDK.</summary>
    /// <param name="records">The container <c>records</c>, with a credential that may read it.</param>
    /// <param name="options">The limits; null for the defaults.</param>
    public PartReader(BlobContainerClient records, RecordReaderOptions? options = null)
        : this((blob, offset, length, token) => OpenAsync(records, blob, offset, length, token), options, records.Name)
    {
    }

    /// <summary>Reads from any store.</summary>
    /// <param name="open">Opens a range of a blob.</param>
    /// <param name="options">The limits; null for the defaults.</param>
    /// <param name="container">Name of the container in the addresses of messages.</param>
    public PartReader(BlobRangeOpener open, RecordReaderOptions? options = null, string container = "records") =>
        (_open, _options, _container) = (open, options ?? new(), container);

    /// <summary>Reads the records of a message, in the order of the part.</summary>
    /// <param name="part">The message.</param>
    /// <param name="without">Ids of records to skip; null to read all.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="RecordException">
    /// A record is missing, damaged or not the one that the message names. All others have been returned before.
    /// </exception>
    /// <exception cref="RequestFailedException">The account refused or failed.</exception>
    public async IAsyncEnumerable<Record> ReadAsync(
        PartMessage part, IReadOnlySet<string>? without = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var blob = FindBlob(part);
        var wanted = part.Records
            .Where(record => without?.Contains(record.Id) != true)
            .OrderBy(record => record.Offset)
            .ToList();
        var problems = new List<RecordException>();
        var runs = new Stack<IReadOnlyList<PartRecord>>(Runs(wanted).Reverse());
        while (runs.TryPop(out var run))
        {
            var stream = await OpenRunAsync(blob, run, cancellationToken);
            await using var records = (stream is null
                    ? ReadClosedAsync(part, [.. run, .. runs.SelectMany(later => later)], cancellationToken)
                    : ReadRunAsync(stream, part, run, cancellationToken))
                .GetAsyncEnumerator(cancellationToken);
            var given = 0;
            for (; await MoveNextAsync(records, problems); given++)
                yield return records.Current;
            if (stream is null)
                break;
            // Bytes after damage cannot be trusted, so each of the other records is read by its own range.
            if (run.Count > 1 && given < run.Count)
            {
                problems.RemoveAt(problems.Count - 1);
                foreach (var record in run.Skip(given).Reverse())
                    runs.Push([record]);
            }
        }
        if (problems.Count > 0)
            throw problems[0];
    }

    private static async ValueTask<bool> MoveNextAsync(
        IAsyncEnumerator<Record> records, List<RecordException> problems)
    {
        try
        {
            return await records.MoveNextAsync();
        }
        catch (RecordException problem)
        {
            problems.Add(problem);
            return false;
        }
    }

    private string FindBlob(PartMessage part) =>
        Blobs.Find(part.Uri, _container, $"{part.ListId}/")
        ?? throw new RecordException(
            RecordFault.Invalid, $"{part.Uri} is not a blob of list {part.ListId} in container '{_container}'");

    /// <summary>Groups adjacent records, up to the size that is read at once.</summary>
    private static IEnumerable<List<PartRecord>> Runs(List<PartRecord> records)
    {
        var run = new List<PartRecord>();
        foreach (var record in records)
        {
            if (run.Count > 0 && (record.Offset != End(run[^1]) || End(record) - run[0].Offset > BufferBytes))
            {
                yield return run;
                run = [];
            }
            run.Add(record);
        }
        if (run.Count > 0)
            yield return run;
    }

    private static long End(PartRecord record) => record.Offset + record.Length;

    /// <summary>Small ranges are read to the end at once. Only a single record that is larger is streamed.</summary>
    private async Task<Stream?> OpenRunAsync(
        string blob, IReadOnlyList<PartRecord> run, CancellationToken cancellationToken)
    {
        var length = End(run[^1]) - run[0].Offset;
        var stream = await _open(blob, run[0].Offset, length, cancellationToken);
        if (stream is null || length > BufferBytes)
            return stream;
        await using (stream)
        {
            var bytes = new byte[length];
            var read = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
            return new MemoryStream(bytes, 0, read, writable: false);
        }
    }

    private async IAsyncEnumerable<Record> ReadRunAsync(
        Stream stream, PartMessage part, IReadOnlyList<PartRecord> run,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var reader = RecordReader.OpenRange(
            stream, part.Uri.AbsolutePath, run[0].Offset, _options with { OnProblem = null });
        var next = 0;
        await foreach (var record in reader.ReadAsync(cancellationToken))
        {
            var expected = next < run.Count ? run[next++] : null;
            if (expected is null || record.Position!.Offset != expected.Offset)
                throw Other(record, "is at a different offset than the message says");
            yield return Check(record, expected, part);
        }
        if (next < run.Count)
            throw new RecordException(
                RecordFault.Missing, $"{part.Uri.AbsolutePath} ends before byte {run[next].Offset}",
                recordId: run[next].Id);
    }

    /// <summary>
    /// Parts are deleted after some days. The submission's file, created when it closed, then has the same records.
    /// </summary>
    private async IAsyncEnumerable<Record> ReadClosedAsync(
        PartMessage part, IEnumerable<PartRecord> records, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var wanted = records.ToDictionary(record => record.Id, StringComparer.Ordinal);
        RecordException? problem = null;
        var file = $"{part.ListId}/{part.SubmissionId}.ndjson.gz";
        if (await _open(file, 0, null, cancellationToken) is { } stream)
        {
            await using var reader = RecordReader.Open(stream, file, _options with { OnProblem = Note });
            await foreach (var record in reader.ReadAsync(cancellationToken))
                if (wanted.Remove(record.Id, out var expected))
                    yield return Check(record, expected, part);
        }
        if (wanted.Count > 0)
            throw problem ?? new RecordException(
                RecordFault.Missing,
                $"neither the part {part.Uri.AbsolutePath} nor the submission's file {file} has the record",
                recordId: wanted.Keys.First());

        void Note(RecordException fault)
        {
            if (fault.RecordId is null || wanted.ContainsKey(fault.RecordId))
                problem ??= fault;
        }
    }

    private static Record Check(Record record, PartRecord expected, PartMessage part) =>
        record.Id != expected.Id ? throw Other(record, $"is not the record {expected.Id} that the message names")
        : (expected.ContentDigest ?? record.ContentDigest) != record.ContentDigest
            ? throw Other(record, "has a different digest than the message")
        : record.ListId != part.ListId ? throw Other(record, $"belongs to list {record.ListId}, not to {part.ListId}")
        : record;

    private static RecordException Other(Record record, string how) =>
        new(RecordFault.Damaged, $"record {record.Id} {how}", record.Position, record.Id);

    private static async Task<Stream?> OpenAsync(
        BlobContainerClient records, string blob, long offset, long? length, CancellationToken cancellationToken)
    {
        try
        {
            return (await Blobs.OpenAsync(records, blob, new(offset, length), cancellationToken))?.Content;
        }
        // The blob ends before the offset, so it is not the blob that the message describes.
        catch (RequestFailedException e) when (e.Status == 416)
        {
            return Stream.Null;
        }
    }
}
