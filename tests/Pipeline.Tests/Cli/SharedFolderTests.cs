using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Emulator;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>
/// What a run reports about other lists in the same folder, and what the folder keeps for the next run.
/// </summary>
public sealed class SharedFolderTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Out => _folder["out"];

    [Fact]
    public async Task ASecondRunOnAFolderInUseSaysOnlyThat()
    {
        using var first = CliProcess.Start(["run", List("slow.txt"), "--out", Out, "--faults", "task_slow_ms=60000"]);
        await first.WaitForAsync("Status: ");

        var (exitCode, output, error) = await CliProcess.RunAsync(["run", List("other.txt"), "--out", Out]);

        Assert.Equal((ExitCodes.Usage, ""), (exitCode, output));
        Assert.Matches(
            $"^pipeline: Another 'pipeline' process works in {Path.Combine(Out, ".pipeline")}; "
                + $"its pages are at http://127\\.0\\.0\\.1:[0-9]+/\\. Give it lists with "
                + $"'pipeline submit LIST --out {Out}'\\. Or stop it, which loses nothing, and run this command again; "
                + "or name another folder with --out \\(and --state, if you use it\\)\\.\n$",
            error);
    }

    [Fact]
    public async Task ASecondProcessOnTheSameStateDoesNotSayThatWebhooksAreLost()
    {
        await using var emulator = await StartEmulatorAsync("task_slow_ms=60000");
        string[] run = ["run", List("slow.txt"), "--out", Out, "--api", emulator.BaseAddress.AbsoluteUri];
        using var first = CliProcess.Start(run);
        await first.WaitForAsync("Status: ");
        using var second = CliProcess.Start(run);
        await second.WaitForAsync("Status: ");
        await second.KillAsync();

        var (_, _, error) = await second.WaitAsync();
        Assert.StartsWith(
            "Another process works on this state and listens at http://127.0.0.1:", error, StringComparison.Ordinal);
        Assert.DoesNotContain("lost", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARunSaysWhichOtherListsOfItsFolderAreOpen()
    {
        await using var emulator = await StartEmulatorAsync("");
        string[] where = ["--out", Out, "--api", emulator.BaseAddress.AbsoluteUri];
        var other = List("other.txt", "http://sample.test/sample/generated/7");
        var id = (await CliProcess.RunAsync(["submit", other, "--out", Out])).Output.Trim();

        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["run", List("own.txt"), .. where],
            ("Pipeline__Nimble__RequestsPerSecond", "1")
        );

        Assert.True(exitCode == ExitCodes.Complete, error);
        Assert.Contains(
            $"List other.txt ({id}, 0 of 0 inputs done) is open in this folder too. This run works "
                + "on it but does not wait "
                + "for it.\n",
            error,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("List own.txt", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AResumedRunKeepsItsCallbackAddress()
    {
        await using var api = await TestServer.StartAsync(context =>
            context.Request.Method == "POST"
                ? TestServer.Json("""{"message":"No."}""", 422)(context)
                : TestServer.Json("""{"data":[],"pagination":{"has_next":false,"next_cursor":null}}""")(context)
        );
        string[] run = ["--out", Out, "--api", api.Address.AbsoluteUri];
        string[] hooks = ["--callback-base", "https://hooks.example.com/base"];

        await CliProcess.RunAsync(["run", List("a.txt", "http://a.example/"), .. run, .. hooks]);
        var (_, _, error) = await CliProcess.RunAsync(["run", List("b.txt", "http://b.example/"), .. run]);
        await CliProcess.RunAsync(
            ["run", List("c.txt", "http://c.example/"), .. run, "--callback-base", "https://c.example"]);

        Assert.Contains(
            "Nimble calls https://hooks.example.com/base, as in the last run. --callback-base names another address.\n",
            error,
            StringComparison.Ordinal
        );
        var callbacks = api
            .Seen.Where(request => request.Method == "POST")
            .Select(request => JsonElement.Parse(request.Body).GetProperty("callback_url").GetString()!)
            .ToList();
        Assert.Equal(3, callbacks.Count);
        Assert.All(
            callbacks[..2], url => Assert.StartsWith("https://hooks.example.com/base/", url, StringComparison.Ordinal));
        Assert.StartsWith("https://c.example/", callbacks[2], StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private Task<RunningEmulator> StartEmulatorAsync(string faults) =>
        Pipeline.Emulator.Emulator.StartAsync(
            new() { DataFolder = _folder["emulator"], Faults = faults, Storage = StorageMode.Own },
            Token
        );

    private string List(string name, string url = "http://sample.test/sample/generated/1")
    {
        File.WriteAllText(_folder[name], url + "\n");
        return _folder[name];
    }
}
