using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Pipeline.Export.Reading;
using Pipeline.Intake.Reading.Json;
using Pipeline.Model;

namespace Pipeline.Export.Sources;

/// <summary>
/// The output folder of <c>run</c> or <c>serve</c>, or a copy of it: <c>records.ndjson</c>, <c>failures.ndjson</c> and
/// <c>manifest.json</c>. A run may still write to it.
/// </summary>
internal sealed class FolderSource : IResultSource
{
    private const string RecordsName = "records.ndjson", FailuresName = "failures.ndjson",
        ManifestName = "manifest.json";

    private readonly string _folder;
    private readonly IReadOnlySet<string> _lists;
    private readonly Dictionary<string, ClosedList> _closed;

    // While a list is open, a line may remain of a failure that a record has replaced. The set has hashes of ids,
    // because a list may have a million failures.
    private readonly HashSet<UInt128> _failed = [];
    private readonly HashSet<UInt128> _replaced = [];

    private FolderSource(string folder, IReadOnlySet<string> lists, Dictionary<string, ClosedList> closed) =>
        (_folder, _lists, _closed) = (folder, lists, closed);

    /// <summary>Whether a folder holds the output of a run.</summary>
    public static bool IsOutput(string folder) => File.Exists(Path.Combine(folder, RecordsName));

    /// <summary>The files to read.</summary>
    public static IEnumerable<string> FilesOf(string folder) =>
        new[] { RecordsName, FailuresName, ManifestName }.Select(name => Path.Combine(folder, name));

    /// <summary>Opens a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="lists">Ids of lists; none for all.</param>
    /// <exception cref="PipelineException">
    /// Permanent: the folder holds no results, or its manifest cannot be read.
    /// </exception>
    public static FolderSource Open(string folder, IReadOnlyList<string> lists)
    {
        if (!IsOutput(folder))
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"There are no results in '{folder}': it has no {RecordsName}. Name the folder that --out of "
                    + "'pipeline run' named, or set AzureWebJobsStorage to the storage account and name a list.");
        return new(folder, lists.ToHashSet(StringComparer.Ordinal), ReadManifest(Path.Combine(folder, ManifestName)));
    }

    /// <summary>The lists that the manifest counts as closed.</summary>
    public IReadOnlyCollection<string> ClosedLists => _closed.Keys;

    /// <summary>The closed lists that are runs of a series.</summary>
    public IReadOnlyList<string> RunsOf(string series) =>
        [.. _closed.Where(list => list.Value.Series == series).Select(list => list.Key)];

    /// <inheritdoc/>
    public DateTimeOffset? ClosedAt(string listId) => _closed.GetValueOrDefault(listId)?.At;

    /// <inheritdoc/>
    public bool Takes(ReadOnlySpan<byte> head, bool isRecord)
    {
        if (_lists.Count > 0 && !_lists.Contains(JsonHead.ListOf(head)))
            return false;
        if (_failed.Count == 0 || JsonHead.IdOf(head) is not { } id)
            return true;
        var key = KeyOf(id);
        if (!isRecord)
            return !_replaced.Contains(key);
        if (_failed.Contains(key))
            _replaced.Add(key);
        return true;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ResultFile> OpenRecordsAsync(
        ExportPlace from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ReadFailedAsync(cancellationToken);
        if (from.File == 0 && Open(RecordsName) is { } file)
            yield return file;
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ResultFile> OpenFailuresAsync(ExportPlace from, CancellationToken cancellationToken) =>
        (from.File == 0 && Open(FailuresName) is { } file ? new[] { file } : []).ToAsyncEnumerable();

    private async Task ReadFailedAsync(CancellationToken cancellationToken)
    {
        await using var file = Open(FailuresName);
        if (file is null)
            return;
        using var lines = new RowFile(file.Stream, file.Name);
        while (await lines.PeekAsync(cancellationToken) is { } head)
        {
            if (JsonHead.IdOf(head.Span) is { } id)
                _failed.Add(KeyOf(id));
            await lines.SkipAsync(cancellationToken);
        }
    }

    private static UInt128 KeyOf(string id) => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(id.AsSpan()));

    private ResultFile? Open(string name)
    {
        var path = Path.Combine(_folder, name);
        return File.Exists(path)
            ? new(
                path, new FileStream(
                    path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0))
            : null;
    }

    private static Dictionary<string, ClosedList> ReadManifest(string path)
    {
        if (!File.Exists(path))
            return [];
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var lists = json.RootElement.TryGetProperty("lists", out var several)
                ? several.EnumerateArray().ToList()
                : [json.RootElement];
            return lists.ToDictionary(
                list => list.GetProperty("list_id").GetString()!,
                list => new ClosedList(
                    list.TryGetProperty("closed_at", out var at) ? at.GetDateTimeOffset() : null,
                    list.TryGetProperty("series", out var series) ? series.GetString() : null));
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            throw PipelineException.Permanent(
                FailureReasons.ObjectDamaged,
                $"'{path}' is not the manifest of a run ({Describe(problem)}). Put the file back that the run wrote, "
                    + "or remove it.",
                problem);
        }
    }

    private static string Describe(Exception problem) =>
        problem is JsonException json ? JsonProblems.Describe(json) : "a member is missing, or of another type";

    private sealed record ClosedList(DateTimeOffset? At, string? Series);
}
