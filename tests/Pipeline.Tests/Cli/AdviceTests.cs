using System.Diagnostics;
using Pipeline.Cli;
using Pipeline.Cli.Run;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>
/// What a command prints at its end: rows with the names of their lists, and commands that can be pasted.
/// </summary>
public sealed class AdviceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task TwoListsHaveNamedRowsAndPagesAreCountedByStatus()
    {
        var site = "http://sample.test/sample";
        var (exitCode, _, error) = await CliProcess.RunAsync(
            [
                "run", List(
                    "one.txt", $"{site}/generated/1", $"{site}/generated/2"), List("two.txt", $"{site}/nothing-here"),
                "--out", _folder["out"], "--max-urls", "1",
            ]);
        Assert.True(exitCode == ExitCodes.SomeFailed, error);
        Assert.Matches("budget used of one\\.txt +│ +1 of 1 ", error);
        Assert.Matches("budget used of two\\.txt +│ +1 of 1 ", error);
        Assert.Matches(@"HTTP 2xx \(200\) +│ +1 ", error);
        Assert.Matches(@"HTTP 4xx \(404\) +│ +1 ", error);
        Assert.Contains(
            "budget_exhausted, such as http://sample.test/sample/generated/2: ", error, StringComparison.Ordinal);
        Assert.EndsWith($"next       pipeline failures --out {_folder["out"]}\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APageWithARefusedStatusIsAFailure()
    {
        var (exitCode, _, error) = await CliProcess.RunAsync(
            [
                "run", List("one.txt", "http://sample.test/sample/nothing-here"), "--out", _folder["out"],
                "--fail-status", "4xx,503"]);
        Assert.True(exitCode == ExitCodes.SomeFailed, error);
        Assert.Contains(
            "\"reason\":\"page_status\"", File.ReadAllText(_folder["out", "failures.ndjson"]),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task AdviceCanBePastedAndAppearsOnlyWhereItHelps()
    {
        var folder = _folder["it's out"];
        string[] run = ["run", List("one.txt", "http://sample.test/sample/generated/1", "no url"), "--out", folder];
        var first = await CliProcess.RunAsync(run);
        Assert.True(first.ExitCode == ExitCodes.SomeFailed, first.Error);

        string[] ask = ["failures", "--out", folder, "--reason", "invalid_input"];
        var failures = await CliProcess.RunAsync([.. ask, "--details"]);
        var advice = $"pipeline replay --out {Shell.Quote(folder)} --reason invalid_input";
        Assert.Matches("\n  [0-9a-f]{32}  invalid_input  line 2\n", failures.Output);
        Assert.DoesNotMatch("(?m) $", failures.Output);
        Assert.Equal(
            "1 failure. Replaying helps none of them: correct the lines in the list, and run it as a new one.\n",
            failures.Error);
        var groups = await CliProcess.RunAsync(ask);
        Assert.Equal(failures.Error, groups.Error);
        var lines = groups.Output.TrimEnd().Split('\n');
        Assert.Equal(["1 failure: invalid_input", "  such as line 2"], lines[..2]);
        Assert.Equal("  Correct the lines in the list, and run it as a new one.", lines[^1]);
        using var pasted = CliProcess.StartShell($"${advice}");
        var (exitCode, _, error) = await pasted.WaitAsync();
        Assert.True(exitCode == ExitCodes.SomeFailed, error);
        Assert.Contains("There is nothing to replay.\n", error, StringComparison.Ordinal);

        Assert.Equal(
            "No failures.\n",
            (await CliProcess.RunAsync(["failures", "--out", folder, "--reason", "task_failed"])).Error);
        Assert.Matches(
            @"^No list is open\. Closed: ([0-9a-f]+)\. 'pipeline status --all --out .*' shows them\.\n$",
            (await CliProcess.RunAsync(["status", "--out", folder])).Output);
        Assert.Matches(
            "(?m)^[0-9a-f]+ +closed +2 +1 +1 ",
            (await CliProcess.RunAsync(["status", "--all", "--out", folder])).Output);
    }

    [Theory]
    [InlineData("plain/path-1.txt", "plain/path-1.txt")]
    [InlineData("two words", "'two words'")]
    [InlineData("it's $HOME", "'it'\\''s $HOME'")]
    [InlineData("", "''")]
    public void WordsAreQuotedForTheShell(string word, string quoted)
    {
        Assert.Equal(quoted, Shell.Quote(word));
        using var shell = Process.Start(
            new ProcessStartInfo("bash", ["-c", $"printf %s {quoted}"]) { RedirectStandardOutput = true })!;
        Assert.Equal(word, shell.StandardOutput.ReadToEnd());
    }

    public void Dispose() => _folder.Dispose();

    private string List(string name, params string[] lines)
    {
        File.WriteAllLines(_folder[name], lines);
        return _folder[name];
    }
}
