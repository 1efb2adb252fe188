using System.Text.Json;

namespace Pipeline.Records;

/// <summary>
/// One verification: every record and failure is added, then compared with the manifests. Not thread-safe.
/// </summary>
internal sealed class Verification : IDisposable
{
    private readonly Dictionary<string, ListTally> _lists = new(StringComparer.Ordinal);
    private readonly List<(Manifest Manifest, string File)> _manifests = [];
    private readonly List<string> _files = [];
    private readonly IdIndex _ids;
    private long _records;
    private long _verified;
    private long _failures;
    private long _bytes;

    public Verification(RecordReaderOptions options)
    {
        Options = options with { OnProblem = fault => Problems.Add(fault) };
        _ids = new(options.TempFolder);
    }

    public RecordReaderOptions Options { get; }

    public ProblemList Problems { get; } = new();

    /// <summary>The manifests of single lists.</summary>
    public IReadOnlyList<Manifest> Manifests => [.. _manifests.Select(manifest => manifest.Manifest)];

    /// <summary>Reads a manifest, or those of all lists of a folder.</summary>
    /// <param name="stream">The JSON; null if there is none.</param>
    /// <param name="file">Its name.</param>
    /// <param name="listId">The only list that counts; null for all.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public async Task AddManifestAsync(
        Stream? stream, string file, string? listId, CancellationToken cancellationToken)
    {
        try
        {
            var manifest = stream is null
                ? throw new RecordException(RecordFault.Missing, "there is none: the list is not closed, or not here")
                : await JsonSerializer.DeserializeAsync(stream, RecordsJson.Default.Manifest, cancellationToken);
            if (manifest is not { Schema: Manifest.SchemaName })
                throw new JsonException($"its schema is '{manifest?.Schema}'");
            if (manifest.FindFault() is { } wrong)
                throw new JsonException(wrong);
            foreach (var list in manifest.Lists ?? [manifest])
                if ((list.ListId ?? throw new JsonException("a list has no list_id")) == (listId ?? list.ListId))
                    _manifests.Add((list, file));
            if (manifest.Lists is { } lists && listId is null)
                CompareSums(manifest, lists, file);
            if (_manifests.Count == 0)
                throw new RecordException(RecordFault.Missing, $"it has no list {listId}");
        }
        catch (Exception e) when (e is RecordException or JsonException)
        {
            var fault = e is JsonException json ? JsonFault.Describe(json) : e.Message;
            var (kind, why) = e is RecordException { Fault: RecordFault.Missing }
                ? ("missing", fault)
                : ("invalid", $"it is not a {Manifest.SchemaName}: {fault}");
            Problems.Add(new() { Kind = kind, Message = why, File = file, ListId = listId });
        }
    }

    /// <summary>Reads a file of records and compares it with what manifests say about it.</summary>
    /// <param name="stream">The file as it is stored, disposed here; null if there is none.</param>
    /// <param name="file">Its name.</param>
    /// <param name="locations">What manifests say about it.</param>
    /// <param name="listId">The only list that counts; null for all.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public async Task AddRecordsAsync(
        Stream? stream, string file, IReadOnlyList<(string ListId, ManifestLocation Location)> locations,
        string? listId, CancellationToken cancellationToken)
    {
        if (stream is null)
        {
            Problems.Add(new() { Kind = "missing", Message = "the file of records is missing", File = file });
            return;
        }
        await using var hashing = new HashingStream(stream, locations.Select(location => location.Location.Bytes));
        var found = new long[locations.Count];
        _files.Add(file);
        try
        {
            await using var reader = RecordReader.Open(hashing, file, Options, leaveOpen: true);
            await foreach (var record in reader.ReadAsync(cancellationToken))
            {
                if (listId is not null && record.ListId != listId)
                    continue;
                Add(record);
                for (var i = 0; i < found.Length; i++)
                    if (locations[i].ListId == record.ListId && record.Position!.Offset < locations[i].Location.Bytes)
                        found[i]++;
            }
        }
        catch (RecordException damage)
        {
            Problems.Add(damage);
            await hashing.DrainAsync(cancellationToken);
        }
        _bytes += hashing.Bytes;
        foreach (var (i, (list, location)) in locations.Index())
            Compare(list, location, file, hashing, found[i]);
    }

    public void Add(Failure failure)
    {
        _failures++;
        Tally(failure.ListId).Add(failure);
        AddId(failure.Id, failure.Position!);
    }

    /// <summary>Names the file that the next records or failures come from.</summary>
    public void AddFile(string file) => _files.Add(file);

    /// <summary>Counts bytes that were read.</summary>
    public void AddBytes(long bytes) => _bytes += bytes;

    /// <summary>Compares everything that was added.</summary>
    public VerificationReport Finish()
    {
        foreach (var (id, first, again) in _ids.FindDuplicates())
            Problems.Add(new()
            {
                Kind = "duplicate_id",
                Message = $"id {id} is also in {_files[first.File]}, line {first.Line}",
                Id = id,
                File = _files[again.File],
                Line = again.Line,
            });
        foreach (var (manifest, file) in _manifests)
        {
            Tally(manifest.ListId!).Compare(manifest, Problems, file);
            _lists.Remove(manifest.ListId!);
        }
        foreach (var (list, tally) in _lists)
            Problems.Add(new()
            {
                Kind = "missing",
                Message = $"the list has no manifest here, but records: {tally.Records}, failures: {tally.Failures}",
                ListId = list,
            });
        return new()
        {
            Lists = _manifests.Count,
            Records = _records,
            ContentsVerified = _verified,
            Failures = _failures,
            Bytes = _bytes,
            ProblemCount = Problems.Count,
            Problems = Problems.First,
        };
    }

    public void Dispose() => _ids.Dispose();

    private void Add(Record record)
    {
        _records++;
        _verified += record.IsContentVerified ? 1 : 0;
        Tally(record.ListId).Add(record);
        AddId(record.Id, record.Position!);
    }

    private void AddId(string id, RecordPosition position)
    {
        if (!_ids.Add(id, _files.Count - 1, position.Line))
            Problems.Add(new RecordException(RecordFault.Invalid, $"'{id}' is not an id of 32 hex digits", position));
    }

    private ListTally Tally(string listId)
    {
        if (!_lists.TryGetValue(listId, out var tally))
            _lists[listId] = tally = new();
        return tally;
    }

    private void CompareSums(Manifest sums, IReadOnlyList<Manifest> lists, string file)
    {
        Problems.Compare(lists.Sum(list => list.Inputs), sums.Inputs, "inputs of all lists", listId: null, file);
        Problems.Compare(lists.Sum(list => list.Records), sums.Records, "records of all lists", listId: null, file);
        Problems.Compare(lists.Sum(list => list.Failures), sums.Failures, "failures of all lists", listId: null, file);
    }

    private void Compare(string list, ManifestLocation location, string file, HashingStream read, long records)
    {
        if (read.DigestOf(location.Bytes) is not { } digest)
            Problems.Compare(location.Bytes, read.Bytes, "bytes", list, file);
        else if (location.Sha256 is { } expected && digest != expected)
            Problems.Add(new()
            {
                Kind = "digest",
                Message = $"the first {location.Bytes} bytes have SHA-256 {digest}, but the manifest says "
                    + expected,
                ListId = list,
                File = file,
            });
        Problems.Compare(location.Records, records, "records in the file", list, file);
    }
}
