using System.Text.Json;
using Pipeline.Tests.Cli.Inputs;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>
/// Recommended commands work while another process uses the folder; commands that cannot work say what to do.
/// </summary>
public sealed class ServedFolderTests : IDisposable
{
    private const string Url = "http://sample.test/sample/generated/1";

    private readonly StateFolder _state = new();

    [Fact]
    public async Task AReplayIsDoneByTheProcessThatHasTheFolder()
    {
        var list = _state.Write("list.txt", Url);
        var run = await _state.RunAsync("run", list, "--list-id", "mine", "--faults", "task_fail=always");
        Assert.True(run.ExitCode == 3, run.Error);
        var groups = (await _state.RunAsync("failures")).Output;
        Assert.Contains(
            $"'{_state.Pasted("replay")} --reason task_failed --resubmit'", groups, StringComparison.Ordinal);
        await _state.RefusedAsync("--no-wait needs others who do the work", "replay", "--no-wait");
        using var serve = _state.Start("serve");
        await serve.WaitForAsync("Serving ");

        using var http = new HttpClient();
        var version = (await CliProcess.RunAsync(["--version"])).Output.Trim();
        Assert.Contains(
            $"Version {version} on ", await http.GetStringAsync(_state.Address, TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
        var submitted = await _state.RunAsync("submit", list, "--list-id", "other");
        var replay = await _state.RunAsync("replay", "--reason", "task_failed", "--resubmit");
        var reprocess = await _state.RunAsync("reprocess", "mine");

        Assert.Equal((0, "other\n", ""), submitted);
        Assert.True(replay.ExitCode == 0, replay.Error);
        Assert.StartsWith(
            "1 input is posted again.\nThe process at http://127.0.0.1:", replay.Error, StringComparison.Ordinal);
        Assert.Equal(2, reprocess.ExitCode);
        Assert.Contains("Or stop it, which loses nothing, and run this command again", reprocess.Error,
            StringComparison.Ordinal);
        Assert.Equal(0, (await _state.RunAsync("status", "mine", "--watch", "--json")).ExitCode);
        Assert.Equal("No failures.\n", (await _state.RunAsync("failures", "mine")).Error);
        await serve.KillAsync();
    }

    [Fact]
    public async Task ResultsThatAreReadAgainAreNotPosted()
    {
        Assert.Equal(0, (await _state.RunAsync("run", _state.Write("list.txt", Url), "--list-id", "mine")).ExitCode);

        var (exitCode, _, error) = await _state.RunAsync("reprocess", "mine");

        Assert.True(exitCode == 0, error);
        Assert.DoesNotMatch("[0-9] posted", error);
        var status = JsonElement.Parse((await _state.RunAsync("status", "mine-r1", "--json")).Output);
        Assert.Equal((0, 1), (status.GetProperty("posted").GetInt32(), status.GetProperty("records").GetInt32()));
        var history = (await _state.RunAsync("explain", Url, "--list", "mine-r1")).Output;
        Assert.Contains("The result of list mine is read again", history, StringComparison.Ordinal);
        Assert.DoesNotContain("Posted in", history, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PasswordsOfUrlsAreShownToNobody()
    {
        const string Secret = "http://me:hunter2@sample.test/sample/generated/1";
        var list = _state.Write("list.txt", Secret, "http://me:hunter2@sample.test/ bad");
        await _state.RunAsync("submit", list, "--list-id", "mine");
        await _state.RunAsync("pause", "mine");
        var run = await _state.RunAsync("run", list, "--list-id", "other", "--allow-private");

        var shown = new List<string> { run.Error };
        foreach (var command in new[] { "pending mine", "status --all", "failures", "failures --details" })
            shown.Add(await ShowAsync(command.Split(' ')));
        shown.Add(await ShowAsync("explain", Secret));
        shown.Add(await ShowAsync("diff", "other", "mine"));

        Assert.All(shown, text => Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal));
        Assert.Contains(shown, text => text.Contains("http://***@sample.test/", StringComparison.Ordinal));
        // The data keeps credentials, because a consumer must recognize its own input.
        Assert.Contains("hunter2", string.Concat(_state.ReadOutput("records.ndjson")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatAListWaitsForIsToldWithACommandForItsFolder()
    {
        await _state.RunAsync("submit", _state.Write("list.txt", Url), "--list-id", "mine");
        await _state.RunAsync("pause", "mine");
        using var serve = _state.Start("serve");
        await serve.WaitForAsync("Serving ");
        using var limit = new CancellationTokenSource(Patience.Limit);
        string said;
        do
        {
            limit.Token.ThrowIfCancellationRequested();
            said = (await _state.RunAsync("explain", Url)).Output;
        }
        while (!said.Contains("paused", StringComparison.Ordinal));
        await serve.KillAsync();

        Assert.Contains($"Continue with: {_state.Pasted("resume mine")}", said, StringComparison.Ordinal);
        Assert.Contains(
            _state.Pasted("resume mine"), (await _state.RunAsync("status", "mine")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACommandEndsOnceItsReaderHasGone()
    {
        var list = _state.Write("list.txt", [Url, .. Enumerable.Range(0, 2000).Select(i => $"bad line {i}")]);
        await _state.RunAsync("run", list, "--list-id", "mine");
        using var piped = CliProcess.StartShell(
            $"${_state.Pasted("failures")} --details | head -1; echo ${{PIPESTATUS[0]}}");

        var (_, output, error) = await piped.WaitAsync();

        Assert.Equal(("list mine\n141\n", ""), (output, error));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("emulator --help")]
    public async Task HelpEndsQuietlyIfItsReaderHasGone(string arguments)
    {
        using var piped = CliProcess.StartShell(
            $"{{ sleep 0.5; $pipeline {arguments}; }} | true; echo ${{PIPESTATUS[0]}}");

        var (_, output, error) = await piped.WaitAsync();

        Assert.Equal(("141\n", ""), (output, error));
    }

    public void Dispose() => _state.Dispose();

    private async Task<string> ShowAsync(params string[] arguments)
    {
        var (_, output, error) = await _state.RunAsync(arguments);
        return output + error;
    }
}
