using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>
/// The command <c>pipeline diff</c> over folders, and what it says about runs that it cannot compare.
/// </summary>
public sealed class DiffTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task FoldersAreComparedByInputAndNotByListOrOrder()
    {
        Write("a", [Record(1), Record(2), Record(3), Record(4), Record(5), Record(7)], [Failure(6)]);
        Write(
            "b",
            [Record(5), Record(1), Record(2, digest: "2x"), Record(3, status: 404), Record(6), Record(8)],
            [Failure(7)]);

        var (exitCode, output, error) = await RunAsync("a", "b");

        Assert.True(exitCode == ExitCodes.SomeFailed, error);
        Assert.Equal(
            """
            changed  200         https://a.example/2
            status   200 -> 404  https://a.example/3
            new      200         https://a.example/6
            failed   200         https://a.example/7
            gone     200         https://a.example/4
            new      200         https://a.example/8
            new: 2, gone: 1, changed: 1, status: 1, failed: 1, options: 0, same: 2

            """,
            output);
    }

    [Fact]
    public async Task AUrlWithOtherOptionsIsOneDifference()
    {
        Write("a", [Record(1, more: ",\"country\":\"US\""), Record(2), Record(3, more: ",\"render\":true")], []);
        Write("b", [Record(1, more: ",\"country\":\"DE\""), Record(2), Record(4)], []);

        var (exitCode, output, _) = await RunAsync("a", "b");

        Assert.Equal(ExitCodes.SomeFailed, exitCode);
        Assert.Equal(
            """
            options  200         https://a.example/1
            gone     200         https://a.example/3
            new      200         https://a.example/4
            new: 1, gone: 1, changed: 0, status: 0, failed: 0, options: 1, same: 1

            """,
            output);
        var json = JsonElement.Parse((await RunAsync("a", "b", "--json")).Output);
        Assert.Equal(1, json.GetProperty("options_changed").GetInt32());
    }

    [Fact]
    public async Task EqualFoldersDoNotDiffer()
    {
        Write("a", [Record(1), Record(2)], []);
        Write("b", [Record(2), Record(1)], []);

        var (exitCode, output, _) = await RunAsync("a", "b", "--json");

        Assert.Equal(ExitCodes.Complete, exitCode);
        var diff = JsonElement.Parse(output);
        Assert.Equal((0, 2), (diff.GetProperty("differences").GetArrayLength(), diff.GetProperty("same").GetInt32()));
    }

    [Fact]
    public async Task OfSeveralRunsInAFolderTheLastRecordOfAnInputCounts()
    {
        Write(
            "a",
            [Record(1, "old"), Record(2), Record(1, "new", listId: "a-2"), Record(3, listId: "a-2")],
            [Failure(2), Failure(3)]);
        Write("b", [Record(1, "new"), Record(2), Record(3, "other"), Record(3)], []);

        foreach (var other in new[] { "a", "b" })
        {
            var (exitCode, output, _) = await RunAsync("a", other);
            Assert.Equal(
                (ExitCodes.Complete, "new: 0, gone: 0, changed: 0, status: 0, failed: 0, options: 0, same: 3\n"),
                (exitCode, output));
        }
    }

    /// <summary>Where a URL repeats, Intake adds the record's id as tag, which differs in each run.</summary>
    [Fact]
    public async Task OurOwnTagsAreNotPartOfTheInput()
    {
        Write("a", [Record(1, listId: "a", more: ",\"tag\":\"0000000000000000000000000000a001\"")], []);
        Write("b", [Record(1, listId: "b", more: ",\"tag\":\"0000000000000000000000000000b001\"")], []);
        Assert.Equal(ExitCodes.Complete, (await RunAsync("a", "b")).ExitCode);

        Write("b", [Record(1, listId: "b", more: ",\"tag\":\"mine\"")], []);
        Assert.Equal(ExitCodes.SomeFailed, (await RunAsync("a", "b")).ExitCode);
    }

    [Fact]
    public async Task TheTextCountsUnlessTheContentIsAskedFor()
    {
        Write("a", [Record(1, digest: "1", text: "7")], []);
        Write("b", [Record(1, digest: "2", text: "7")], []);

        Assert.Equal(ExitCodes.Complete, (await RunAsync("a", "b")).ExitCode);
        Assert.Equal(
            ExitCodes.SomeFailed,
            (await CliProcess.RunAsync(["diff", Path("a"), Path("b")], ("Pipeline__Series__Compare", "raw"))).ExitCode);
    }

    [Theory]
    [InlineData("one", "Name two runs (folders or list ids), or --series NAME.")]
    [InlineData("one two --series x", "Name two runs (folders or list ids), or --series NAME.")]
    public async Task WrongArgumentsAreSaid(string arguments, string message)
    {
        var (exitCode, _, error) = await CliProcess.RunAsync(["diff", .. arguments.Split(' ')]);
        Assert.Equal((ExitCodes.Usage, $"pipeline: {message}\n"), (exitCode, error));
    }

    [Fact]
    public async Task ARunThatIsNowhereIsSaidWithThePlaceThatWasSearched()
    {
        Write("a", [Record(1)], []);
        var state = System.IO.Path.Combine(Path("out"), ".pipeline");

        var (exitCode, _, error) = await CliProcess.RunAsync(["diff", Path("a"), "gone", "--out", Path("out")]);
        Assert.Equal(ExitCodes.Usage, exitCode);
        Assert.StartsWith(
            $"pipeline: 'gone' is no folder with records.ndjson, and there is no state in {state} ", error,
            StringComparison.Ordinal);

        await CliProcess.RunAsync(["submit", "https://a.example/", "--out", Path("out")]);
        (exitCode, _, error) = await CliProcess.RunAsync(["diff", Path("a"), "gone", "--out", Path("out")]);
        Assert.Equal(ExitCodes.Usage, exitCode);
        Assert.StartsWith(
            $"pipeline: 'gone' is neither a folder with records.ndjson nor the id of a list in {state}. "
                + $"'pipeline status --all --out {Path("out")}' shows the lists there; ",
            error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADamagedLineIsNamed()
    {
        Write("a", [Record(1), "{\"schema\":\"pipe"], []);
        Write("b", [Record(1)], []);

        var (exitCode, _, error) = await RunAsync("a", "b");

        Assert.Equal(ExitCodes.Usage, exitCode);
        Assert.Contains("records.ndjson, line 2", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", error, StringComparison.Ordinal);
    }

    private static string Record(
        int page, string? digest = null, int status = 200, string listId = "a", string more = "",
        string? text = null) =>
        $$"""
        {"schema":"pipeline.record/1","id":"{{listId.PadLeft(29, '0')}}{{page:D3}}","list_id":"{{listId}}",
        "submission_id":"{{listId}}-000000","task_id":"t{{page}}","url":"https://a.example/{{page}}","status":"success",
        "http_status":{{status}},"collected_at":"2026-03-19T10:00:04.000Z",
        "content_digest":"xxh128:{{digest ?? $"{page}"}}","content_bytes":1,
        {{(text is null ? "" : $"\"text_digest\":\"xxh128:{text}\",")}}"source":{"uri":"s3://b/k",
        "bytes":1,"compressed":false},"input":{"url":"https://a.example/{{page}}"{{more}} } }
        """.ReplaceLineEndings("");

    private static string Failure(int page) =>
        $$"""
        {"schema":"pipeline.failure/1","id":"{{page:x32}}","list_id":"a","submission_id":"a-000000","url":
        "https://a.example/{{page}}","input":{"url":"https://a.example/{{page}}"},"line":1,"stage":"collect","reason":
        "task_failed","message":"x","attempts":1,"last_attempt_at":"2026-03-19T10:00:04.000Z","retryable":true}
        """.ReplaceLineEndings("");

    private void Write(string name, string[] records, string[] failures)
    {
        Directory.CreateDirectory(Path(name));
        File.WriteAllLines(System.IO.Path.Combine(Path(name), "records.ndjson"), records);
        File.WriteAllLines(System.IO.Path.Combine(Path(name), "failures.ndjson"), failures);
    }

    private string Path(string name) => System.IO.Path.Combine(_folder.Path, name);

    private Task<(int ExitCode, string Output, string Error)> RunAsync(string a, string b, params string[] options) =>
        CliProcess.RunAsync(["diff", Path(a), Path(b), .. options]);
}
