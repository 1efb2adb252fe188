using System.Security.Cryptography;
using System.Text.Json;
using Pipeline.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Records;

/// <summary>A results folder with two lists, which a test can damage.</summary>
internal sealed class ResultFolder : IDisposable
{
    private readonly TempFolder _folder = new();

    public ResultFolder(int records = 6)
    {
        var lines = Enumerable.Range(0, records).Select(i => RecordLine.Of(i)).ToList();
        File.WriteAllText(RecordsFile, Join(lines));
        var first = Manifest("list", records, failures: 2);
        // The second list was closed later, when the file had grown.
        lines.Add(RecordLine.Of(1000, list: "second"));
        File.WriteAllText(RecordsFile, Join(lines));
        File.WriteAllText(FailuresFile, Join([RecordLine.Failure(2000), RecordLine.Failure(2001, "empty_result")]));
        Write(new Manifest
        {
            Schema = Pipeline.Records.Manifest.SchemaName,
            Inputs = records + 3,
            Records = records + 1,
            Failures = 2,
            Duplicates = 0,
            Lists = [first, Manifest("second", 1, failures: 0)],
        });
    }

    public string Path => _folder.Path;

    public string RecordsFile => _folder["records.ndjson"];

    public string FailuresFile => _folder["failures.ndjson"];

    public string ManifestFile => _folder["manifest.json"];

    public string[] Lines => File.ReadAllLines(RecordsFile);

    public void Write(Manifest manifest) =>
        File.WriteAllText(ManifestFile, JsonSerializer.Serialize(manifest, RecordsJson.Default.Manifest));

    public void WriteLines(params IEnumerable<string> lines) => File.WriteAllText(RecordsFile, Join(lines));

    public Task<VerificationReport> VerifyAsync(string? listId = null) =>
        FolderVerifier.VerifyAsync(Path, listId, cancellationToken: TestContext.Current.CancellationToken);

    public void Dispose() => _folder.Dispose();

    /// <summary>The manifest of a list whose records are in the file as it is now.</summary>
    public static Manifest Manifest(
        string list, int records, int failures, params ManifestLocation[] locations) => new()
    {
        Schema = Pipeline.Records.Manifest.SchemaName,
        ListId = list,
        Inputs = records + failures,
        Records = records,
        Failures = failures,
        Duplicates = 0,
        RecordsByHttpStatus = new Dictionary<string, long> { ["200"] = records },
        FailuresByReason = failures == 0
            ? new Dictionary<string, long>()
            : new() { ["task_failed"] = 1, ["empty_result"] = 1 },
        Submissions =
        [
            new() { SubmissionId = "sub-0", Inputs = records + failures, Records = records, Failures = failures },
        ],
        Locations = locations,
    };

    public static ManifestLocation Location(string uri, byte[] bytes, int records) => new()
    {
        Uri = uri,
        Bytes = bytes.Length,
        Records = records,
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)),
    };

    private Manifest Manifest(string list, int records, int failures) =>
        // The folder has moved since, so the address names a missing file.
        Manifest(
            list, records, failures,
            Location("file:///elsewhere/records.ndjson", File.ReadAllBytes(RecordsFile), records));

    private static string Join(IEnumerable<string> lines) =>
        string.Concat(lines.Select(line => line + "\n"));
}
