using Pipeline.Export.Copying;
using Pipeline.Export.Sources;
using Pipeline.Export.Tables;
using Pipeline.Export.Targets;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Export;

/// <summary>An output folder as a run leaves it, and its export.</summary>
internal sealed class SomeResults : IDisposable
{
    private readonly TempFolder _folder = new();

    public SomeResults() => Directory.CreateDirectory(Folder);

    /// <summary>The output folder.</summary>
    public string Folder => _folder["results"];

    /// <summary>The path of an entry beside the output folder; for an empty name, the folder around both.</summary>
    public string this[string name] => name.Length == 0 ? _folder.Path : _folder[name];

    /// <summary>A record with the members that every record has, and others.</summary>
    public static string Record(string id, string more = "", string list = "9a41") =>
        $$"""{"schema":"pipeline.record/1","id":"{{id}}","list_id":"{{list}}","submission_id":"{{list}}-000000","""
            + $$"""  "task_id":"t-{{id}}","url":"https://example.com/","line":1,"status":"success","http_status":200,"""
            + """  "collected_at":"2026-03-19T10:00:04.123Z","""
            + (more.Length > 0 ? $"{more}," : "")
            + """  "content_digest":"xxh128:00","content_bytes":0,"""
            + """  "source":{"uri":"s3://b/k.json.gz","etag":"e","bytes":9120,"compressed":true},"""
            + """  "input":{"url":"https://example.com/"}}""";

    /// <summary>A failure.</summary>
    public static string Failure(string id, string list = "9a41") =>
        $$"""{"schema":"pipeline.failure/1","id":"{{id}}","list_id":"{{list}}","submission_id":"{{list}}-000000","""
            + """  "url":"https://example.com/x","input":{"url":"https://example.com/x"},"line":2,"stage":"collect","""
            + """  "reason":"task_failed","message":"It failed.","attempts":3,"""
            + """  "last_attempt_at":"2026-03-19T10:00:05.000Z","retryable":true}""";

    public SomeResults WithRecords(params IEnumerable<string> lines) => With("records.ndjson", lines);

    public SomeResults WithFailures(params IEnumerable<string> lines) => With("failures.ndjson", lines);

    /// <summary>Writes the manifest of a list that closed.</summary>
    public SomeResults WithManifest(string list = "9a41", string closedAt = "2026-03-19T23:59:59.999Z") =>
        WithManifests($$"""{"list_id":"{{list}}","closed_at":"{{closedAt}}"}""");

    /// <summary>Writes the manifest of several lists.</summary>
    public SomeResults WithManifests(params string[] lists)
    {
        File.WriteAllText(
            Path.Combine(Folder, "manifest.json"),
            lists.Length == 1 ? lists[0] : $$"""{"lists":[{{string.Join(',', lists)}}]}""");
        return this;
    }

    /// <summary>Exports everything to a file beside the folder and returns its path.</summary>
    public async Task<string> ExportAsync(
        string name, FileStyle style, Table? records = null, bool withContent = true,
        IReadOnlyList<string>? lists = null)
    {
        var path = _folder[name];
        await using IExportTarget target =
            style.Format == ExportFormat.Sqlite ? new SqliteTarget(path) : new FileTarget(path, style);
        await new ResultExport(FolderSource.Open(Folder, lists ?? []), target, _ => Partition.None)
            .RunAsync(records ?? Table.Records, withContent, TestContext.Current.CancellationToken);
        await target.CommitAsync(TestContext.Current.CancellationToken);
        return path;
    }

    public void Dispose() => _folder.Dispose();

    private SomeResults With(string name, IEnumerable<string> lines)
    {
        File.WriteAllText(Path.Combine(Folder, name), string.Concat(lines.Select(line => line + "\n")));
        return this;
    }
}
