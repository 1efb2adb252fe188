using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>The command in environments that a shell, cron or a container may give it.</summary>
public sealed class SurroundingsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Daemons and cron jobs close streams. The command once ended with SIGABRT at its first output.</summary>
    [Theory]
    [InlineData("2>&-")]
    [InlineData("<&- >&- 2>&-")]
    public async Task ACommandWithClosedStreamsEndsAsUsual(string closed)
    {
        var (exitCode, _, error) = await RunAsync($"$pipeline run no-such-file.txt {closed}");
        Assert.Equal((ExitCodes.Usage, ""), (exitCode, error));
    }

    /// <summary>The runtime puts a pipe of its own in the place of a closed input; reading it never ended.</summary>
    [Theory]
    [InlineData("run -", "pipeline: standard input: The list has no URL.")]
    [InlineData("emulator --port 0 --exit-with-stdin", "The emulator listens on ")]
    public async Task AClosedStandardInputIsAnEmptyOne(string arguments, string said)
    {
        var (_, _, error) = await RunAsync($"$pipeline {arguments} <&-");
        Assert.StartsWith(said, error, StringComparison.Ordinal);
    }

    /// <summary>The terminal of a server that is not under nohup was closed.</summary>
    [Fact]
    public async Task AHangupStopsAServerAsCtrlCDoes()
    {
        var (exitCode, _, error) = await RunAsync(
            "$pipeline serve --out served 2> said & server=$!; timeout 120 bash -c 'until grep -q Serving said; do "
                + "sleep 0.1; done'; kill -HUP $server; wait $server; code=$?; cat said >&2; exit $code");
        Assert.True(exitCode == ExitCodes.Complete, error);
        Assert.Contains("Stopped.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TooFewOpenFilesAreRefusedAtTheStart()
    {
        var (exitCode, output, error) = await RunAsync("ulimit -n 64; $pipeline status");
        Assert.Equal((ExitCodes.Usage, ""), (exitCode, output));
        Assert.StartsWith(
            "pipeline: This process may have only 64 files open at once, and needs 512.", error,
            StringComparison.Ordinal);
        Assert.Null(OpenFileLimit.FindFault(["Max open files            512       4096        files     "]));
        Assert.Null(OpenFileLimit.FindFault(["Max open files            unlimited unlimited   files     "]));
    }

    [Fact]
    public async Task ARemovedCurrentFolderIsOneLine()
    {
        var (exitCode, output, error) = await RunAsync("mkdir gone; cd gone; rmdir ../gone; $pipeline status");
        Assert.Equal((ExitCodes.Usage, ""), (exitCode, output));
        Assert.Equal(
            "pipeline: The current folder was removed, or this user may not enter it. Change to another folder, then "
                + "run the same command again: cd ~\n",
            error);
    }

    /// <summary>.NET replaces what is not UTF-8 in an argument, so another file or folder would be used.</summary>
    [Theory]
    [InlineData(@"run $'caf\xe9.txt'")]
    [InlineData(@"run --out $'caf\xe9'")]
    public async Task AnArgumentThatIsNotUtf8IsOneLine(string arguments)
    {
        var (exitCode, _, error) = await RunAsync($"touch $'caf\\xe9.txt'; $pipeline {arguments}");
        Assert.Equal(ExitCodes.Usage, exitCode);
        Assert.StartsWith("pipeline: The argument 'caf\uFFFD", error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(c => c == '\n'));
    }

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(string line)
    {
        using var process = CliProcess.StartShell($"cd '{_folder.Path}'; {line}");
        return await process.WaitAsync();
    }
}
