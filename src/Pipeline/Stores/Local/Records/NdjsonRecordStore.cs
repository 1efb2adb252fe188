using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Staging;
using Pipeline.Stores.Local.Erasing;

namespace Pipeline.Stores.Local.Records;

/// <summary>
/// Writes <c>records.ndjson</c>, <c>failures.ndjson</c> and <c>manifest.json</c> to a folder. The state knows which
/// bytes count, so after any kill the folder has each record exactly once. A folder belongs to one state.
/// </summary>
internal sealed partial class NdjsonRecordStore : IRecordStore, IDisposable
{
    /// <summary>Name of the file of the records.</summary>
    public const string RecordsFile = "records.ndjson";

    private readonly LocalDatabase _database;
    private readonly NdjsonFile _records;
    private readonly FailuresFile _failures;
    private readonly ManifestFile _manifest;
    private readonly RunningHash _hash;

    private NdjsonRecordStore(LocalDatabase database, string folder)
    {
        _database = database;
        Folder = folder;
        var records = Path.Combine(folder, RecordsFile);
        _records = new(records) { BeforeOpen = session => RecordsErasure.Complete(session, records) };
        _failures = new(Path.Combine(folder, "failures.ndjson"));
        _manifest = new(Path.Combine(folder, "manifest.json"));
        _hash = new(_records.Path);
    }

    /// <summary>The folder of the files.</summary>
    public string Folder { get; }

    /// <summary>Opens a folder. Creates it if it is missing, and repairs files after a crash.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: the folder belongs to another state, the state to another folder, or written records are missing.
    /// </exception>
    public static async Task<NdjsonRecordStore> OpenAsync(
        LocalDatabase database, string folder, ILogger<NdjsonRecordStore> logger, CancellationToken cancellationToken)
    {
        var path = FolderClaim.PathOf(folder);
        var store = new NdjsonRecordStore(database, path);
        await database.WriteAsync(session => store.Claim(session, path), durable: true, cancellationToken);
        var cut = await database.WriteAsync(store._records.TruncateToCommitted, durable: false, cancellationToken);
        if (cut > 0)
            LogTruncated(logger, store._records.Path, cut);
        await database.WriteAsync(store.PrepareRewrite, durable: false, cancellationToken);
        await database.WriteAsync(store.Repair, durable: false, cancellationToken);
        return store;
    }

    /// <summary>
    /// Checks and repairs a folder as <see cref="OpenAsync"/> does, for other code that changes its files. A state
    /// without a folder gets none.
    /// </summary>
    /// <exception cref="PipelineException">As of <see cref="OpenAsync"/>.</exception>
    public static async Task CheckAsync(
        LocalDatabase database, string folder, ILogger<NdjsonRecordStore> logger, CancellationToken cancellationToken)
    {
        var path = FolderClaim.PathOf(folder);
        var isClaimed = await database.ReadAsync(
            session =>
            {
                var claim = new FolderClaim(session, database.Path);
                if (claim.Folder == path)
                    OutputFiles.Folder(session);
                return claim.Folder is not null;
            },
            cancellationToken);
        if (isClaimed)
            (await OpenAsync(database, folder, logger, cancellationToken)).Dispose();
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredRecord>> PutRecordsAsync(
        string part, IReadOnlyList<StagedRecord> records, CancellationToken cancellationToken)
    {
        await _database.WriteAsync(
            session =>
            {
                foreach (var list in records.GroupBy(record => record.ListId))
                    Put(session, list.Key, list);
            },
            durable: false,
            cancellationToken);
        return [.. records.Select(r => new StoredRecord(r.Id, Place: null, r.HttpStatus, r.ContentDigest))];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredDocument>> PutFailuresAsync(
        IReadOnlyList<Failure> failures, CancellationToken cancellationToken)
    {
        var lines = failures
            .Select(
                failure => (
                    failure.ListId, failure.Id,
                    Json: JsonSerializer.SerializeToUtf8Bytes(failure, PipelineJson.Plain.Failure)))
            .ToList();
        if (lines.Count > 0)
            await _database.WriteAsync(
                session =>
                {
                    foreach (var line in lines.Where(line => !ErasedLists.Has(session, line.ListId)))
                        _failures.Put(session, line.Id, line.Json);
                },
                durable: false,
                cancellationToken);
        return [];
    }

    /// <inheritdoc/>
    public async Task RemoveFailuresAsync(
        string listId, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        if (ids.Count > 0)
            await _database.WriteAsync(
                session =>
                {
                    foreach (var id in ids)
                        _failures.Remove(session, id);
                },
                durable: false,
                cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, StoredRecord>> FindRecordsAsync(
        string listId, string submissionId, IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyDictionary<string, StoredRecord>>(
            session => ids.Distinct(StringComparer.Ordinal)
                .Where(id => session.Scalar("SELECT 1 FROM record WHERE id=$1", id) is not null)
                .ToDictionary(id => id, id => new StoredRecord(id, Place: null), StringComparer.Ordinal),
            cancellationToken);

    /// <inheritdoc/>
    public Uri? LocatePart(string listId, string part) => null;

    /// <inheritdoc/>
    public Task CloseSubmissionAsync(
        string listId, string submissionId, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RecordLocation>> GetLocationsAsync(
        string listId, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (records, bytes, generation) = await _database.ReadAsync(
                session => Count(session, listId), cancellationToken);
            if (records == 0)
                return [];
            var sha256 = await _hash.GetAsync(bytes, generation, cancellationToken);
            // An erasure may have replaced the file meanwhile. A write waits for the end of its transaction.
            if (await _database.WriteAsync(RecordsErasure.GenerationOf, durable: false, cancellationToken)
                != generation)
                continue;
            return
            [
                new()
                {
                    Uri = ObjectUri.ForFile(_records.Path).ToString(),
                    Bytes = bytes,
                    Records = records,
                    Sha256 = sha256,
                    Generation = generation,
                },
            ];
        }
    }

    private static (long Records, long Bytes, string? Generation) Count(SqlSession session, string listId)
    {
        using var rows = session.Query(
            "SELECT (SELECT records FROM record_count WHERE list_id=$1), length FROM sink_file "
                + "WHERE name='records.ndjson'",
            listId);
        return rows.Read() && !rows.IsNull(0)
            ? (rows.GetInt64(0), rows.GetInt64(1), RecordsErasure.GenerationOf(session))
            : default;
    }

    /// <inheritdoc/>
    public async Task<StoredDocument?> PutManifestAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        while (!await _database.WriteAsync(session => TryPut(session, manifest), durable: false, cancellationToken))
            manifest = manifest with { Locations = await GetLocationsAsync(manifest.ListId, cancellationToken) };
        await _database.WriteAsync(Repair, durable: false, cancellationToken);
        var json = JsonSerializer.SerializeToUtf8Bytes(manifest, PipelineJson.Plain.Manifest);
        return new(
            DocumentKind.Manifest, manifest.ListId, new(ObjectUri.ForFile(_manifest.Path).ToString()),
            new MemoryStream(json));
    }

    /// <summary>
    /// Writes a manifest. Returns false if an erasure has moved the lines of its records since they were located.
    /// </summary>
    private bool TryPut(SqlSession session, Manifest manifest)
    {
        var generation = RecordsErasure.GenerationOf(session);
        if (manifest.Locations.Any(location => location.Generation != generation))
            return false;
        _failures.PrepareRewrite(session);
        if (!ErasedLists.Has(session, manifest.ListId))
            _manifest.Put(session, manifest);
        return true;
    }

    /// <summary>
    /// Whether each list has as many records as its manifest counts. A worker may have written a record but not updated
    /// the ledger yet.
    /// </summary>
    public Task<bool> AgreesAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken) =>
        _database.ReadAsync(
            session => listIds.All(id => session.Scalar(
                "SELECT 1 FROM manifest WHERE list_id=$1 AND records <> COALESCE((SELECT records FROM "
                    + "record_count WHERE list_id=$1), 0)",
                id) is null),
            cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    private void Claim(SqlSession session, string folder)
    {
        var claim = new FolderClaim(session, _database.Path);
        var known = claim.Folder;
        if (known is not null && known != folder)
            claim.Move(folder, _records);
        CreateFolder(folder);
        AtomicFile.RemoveUnused(folder);
        if (known is not null)
        {
            RecordsErasure.Complete(session, _records.Path);
            return;
        }
        foreach (var path in new[] { _records.Path, _failures.Path, _manifest.Path })
            claim.RequireUnused(path);
        claim.Take(folder);
        _records.Create(session);
        _failures.Create(session);
        _manifest.Create(session);
    }

    private static void CreateFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw LocalErrors.Translate(error, folder);
        }
    }

    private void PrepareRewrite(SqlSession session)
    {
        _failures.PrepareRewrite(session);
        _manifest.PrepareRewrite(session);
    }

    private void Repair(SqlSession session)
    {
        _failures.Repair(session);
        _manifest.Repair(session);
    }

    private void Put(SqlSession session, string listId, IEnumerable<StagedRecord> records)
    {
        if (ErasedLists.Has(session, listId))
            return;
        var added = records.Count(record => TryPut(session, record));
        if (added > 0)
            session.Execute(
                "INSERT INTO record_count(list_id, records) VALUES($1, $2) "
                    + "ON CONFLICT DO UPDATE SET records=records+excluded.records",
                listId, added);
    }

    /// <summary>Adds a record to the file. Returns false if the file has it.</summary>
    private bool TryPut(SqlSession session, StagedRecord record)
    {
        if (session.Scalar("SELECT 1 FROM record WHERE id=$1", record.Id) is not null)
            return false;
        var start = _records.Append(session, stream => Copy(record, stream));
        CrashPoint.Pass("sink.after-append");
        session.Execute(
            "INSERT INTO record(id, list_id, submission_id, offset, length) VALUES($1, $2, $3, $4, $5)",
            record.Id, record.ListId, record.SubmissionId, start, record.Bytes);
        _failures.Remove(session, record.Id);
        return true;
    }

    private static void Copy(StagedRecord record, Stream stream)
    {
        var start = stream.Position;
        record.CopyTo(stream);
        // A record that is larger than the file's buffer is partly written now.
        CrashPoint.Pass("sink.within-append");
        if (stream.Position - start != record.Bytes)
            throw new InvalidOperationException(
                $"Record {record.Id} wrote {stream.Position - start} bytes instead of {record.Bytes}.");
    }

    [LoggerMessage(
        1, LogLevel.Information,
        "Removed {Bytes} bytes from the end of {Path}: a line that was not complete when the last run was "
            + "killed. It is written again.")]
    private static partial void LogTruncated(ILogger logger, string path, long bytes);
}
