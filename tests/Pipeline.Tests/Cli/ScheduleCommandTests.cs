using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary><c>pipeline schedule</c> as a user types it.</summary>
public sealed class ScheduleCommandTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task AScheduleIsAddedListedPausedRunAndRemoved()
    {
        await File.WriteAllTextAsync(
            _folder["list.txt"], "http://sample.test/\n", TestContext.Current.CancellationToken);
        var (exitCode, output, error) = await RunAsync(
            "add", "daily", _folder["list.txt"], "--cron", "0 6 * * *", "--time-zone", "Europe/Berlin",
            "--series", "shops");
        Assert.Equal(0, exitCode);
        Assert.Matches("^Nobody works in this folder yet\\. Start: 'pipeline serve .*'\n$", error);
        Assert.StartsWith("daily  next run 2", output, StringComparison.Ordinal);

        var listed = (await RunAsync("list")).Output;
        Assert.Contains("Europe/Berlin", listed, StringComparison.Ordinal);
        Assert.Contains("0 6 * * *", listed, StringComparison.Ordinal);

        Assert.StartsWith("daily-2", (await RunAsync("run", "daily")).Output, StringComparison.Ordinal);
        Assert.Equal("daily  paused", (await RunAsync("pause", "daily")).Output.Trim());
        Assert.Contains("paused", (await RunAsync("list")).Output, StringComparison.Ordinal);
        Assert.StartsWith("daily  next run", (await RunAsync("resume", "daily")).Output, StringComparison.Ordinal);
        Assert.Equal("daily  removed", (await RunAsync("remove", "daily")).Output.Trim());
        Assert.Contains("pipeline schedule add", (await RunAsync("list")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("The cron expression is 'often'", "add", "daily", "http://sample.test/", "--cron", "often")]
    [InlineData("There is no time zone 'Mars'", "add", "daily", "http://sample.test/", "--cron", "0 6 * * *",
        "--time-zone", "Mars")]
    [InlineData("The schedule's name is 'a/b'", "add", "a/b", "http://sample.test/", "--cron", "0 6 * * *")]
    [InlineData("The cron expression is '0 0 30 2 *', and no such time will come.", "add", "daily",
        "http://sample.test/", "--cron", "0 0 30 2 *")]
    [InlineData("There is no schedule 'daily'", "pause", "daily")]
    public async Task WhatCannotBeUsedIsOneLineAndExitCode2(string expected, params string[] arguments)
    {
        await RunAsync("add", "other", "http://sample.test/", "--cron", "@daily");
        var (exitCode, _, error) = await RunAsync(arguments);
        Assert.Equal(2, exitCode);
        Assert.StartsWith($"pipeline: {expected}", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = CliProcess.Start(["schedule", .. arguments, "--out", _folder["out"]]);
        return await process.WaitAsync();
    }
}
