using System.Diagnostics;
using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>A list can be read from anything that has a path, and from standard input.</summary>
public sealed class ListSourceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("$pipeline submit <(printf 'http://a.example/1\\nhttp://a.example/2\\n') --out OUT")]
    [InlineData("printf 'http://a.example/1\\nhttp://a.example/2\\n' | $pipeline submit /dev/stdin --out OUT")]
    [InlineData("printf 'http://a.example/1\\nhttp://a.example/2\\n' | $pipeline submit - --out OUT")]
    [InlineData(
        "printf 'http://a.example/1\\nhttp://a.example/2\\n' > OUT.txt; $pipeline submit "
            + "/dev/stdin --out OUT < OUT.txt")]
    [InlineData(
        "mkfifo OUT.fifo; (printf 'http://a.example/1\\nhttp://a.example/2\\n' > OUT.fifo &); $pipeline "
            + "submit OUT.fifo --out OUT")]
    [InlineData("$pipeline submit http://a.example/1 http://a.example/2 --out OUT")]
    public async Task ASourceThatIsNotARegularFileIsReadOnce(string line)
    {
        using var process = CliProcess.StartShell(line.Replace("OUT", _folder["out"], StringComparison.Ordinal));
        var (exitCode, id, error) = await process.WaitAsync();
        Assert.True(exitCode == ExitCodes.Complete, error);
        var kept = Assert.Single(Directory.EnumerateFiles(_folder["out", ".pipeline", "lists"]));
        Assert.Equal(
            (id.Trim(), "http://a.example/1\nhttp://a.example/2\n"),
            (Path.GetFileNameWithoutExtension(kept), File.ReadAllText(kept)));
    }

    [Fact]
    public async Task AFolderIsReportedAsAFolder()
    {
        var (exitCode, _, error) = await CliProcess.RunAsync(["run", _folder.Path, "--out", _folder["out"]]);
        Assert.Equal(
            (ExitCodes.Usage,
                $"pipeline: {_folder.Path} is a folder. Name the files in it, such as {_folder.Path}/*.txt.\n"),
            (exitCode, error));
    }

    [Theory]
    [InlineData("$pipeline submit http://a.example/1 --out OUT")]
    [InlineData("echo http://a.example/1 | $pipeline submit - --out OUT")]
    public async Task AListOfUsualSizeNeedsNoTemporaryFolder(string line)
    {
        using var process = CliProcess.StartShell(
            line.Replace("OUT", _folder["out"], StringComparison.Ordinal), ("TMPDIR", "/nowhere/at/all"));
        var (exitCode, _, error) = await process.WaitAsync();
        Assert.True(exitCode == ExitCodes.Complete, error);
    }

    [Theory]
    [InlineData("/nowhere/at/all", "/nowhere/at/all/")]
    [InlineData("/dev/full", "/dev/full/")]
    public async Task AListTooLargeForMemoryNamesTheFolderWithoutSpace(string folder, string named)
    {
        using var process = CliProcess.StartShell(
            $"seq -f 'http://a.example/%.0f' 1 300000 2>&- | $pipeline submit - --out '{_folder["out"]}'",
            ("TMPDIR", folder));
        var (exitCode, output, error) = await process.WaitAsync();
        Assert.Equal((ExitCodes.Usage, ""), (exitCode, output));
        Assert.StartsWith(
            $"pipeline: The list is too large for memory and cannot be kept in {named}: ", error,
            StringComparison.Ordinal);
        Assert.EndsWith(
            "Set TMPDIR to a folder that can be written and has space, or give the list as a file.\n", error,
            StringComparison.Ordinal);
        Assert.Equal(1, error.Count(c => c == '\n'));
    }

    [Fact]
    public async Task AListTooLargeForMemoryLeavesNoTemporaryFiles()
    {
        var temporary = Directory.CreateDirectory(_folder["tmp"]);
        using var process = CliProcess.StartShell(
            $"seq -f 'http://a.example/%.0f' 1 300000 | $pipeline submit - --out '{_folder["out"]}'",
            ("TMPDIR", temporary.FullName));
        var (exitCode, _, error) = await process.WaitAsync();
        Assert.True(exitCode == ExitCodes.Complete, error);
        Assert.Equal(
            300_000,
            File.ReadLines(Assert.Single(Directory.EnumerateFiles(_folder["out", ".pipeline", "lists"]))).Count());
        Assert.DoesNotContain(
            temporary.EnumerateFiles(), file => file.Name.StartsWith("pipeline-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task InterruptingASilentInputEndsTheCommandAtOnce()
    {
        using var process = CliProcess.StartShell($"exec $pipeline run - --out '{_folder["out"]}'");
        // A pipe buffers less than this, so once everything is written, the command is reading.
        await process.WriteAsync(new string('#', 200_000));
        await InterruptedAsync(process);
    }

    [Fact]
    public async Task InterruptingAPipeWithoutAWriterEndsTheCommandAtOnce()
    {
        // Off, because the runtime's own debugger opens such a pipe and waits as well.
        using var process = CliProcess.StartShell(
            $"mkfifo '{_folder["fifo"]}'; exec $pipeline run '{_folder["fifo"]}' --out '{_folder["out"]}'",
            ("DOTNET_EnableDiagnostics", "0"));
        await Patience.UntilAsync(() => !process.IsRunning
            || Directory.EnumerateDirectories($"/proc/{process.Id}/task").Any(IsOpeningPipe));
        await InterruptedAsync(process);
    }

    private async Task InterruptedAsync(CliProcess process)
    {
        using var interrupt = Process.Start("kill", ["-INT", $"{process.Id}"]);
        var (exitCode, _, error) = await process.WaitAsync();
        Assert.Equal((ExitCodes.Interrupted, "pipeline: Stopped. Nothing was started.\n"), (exitCode, error));
        Assert.False(Directory.Exists(_folder["out"]));
    }

    /// <summary>Whether a thread waits in the kernel for the other end of a FIFO to be opened.</summary>
    private static bool IsOpeningPipe(string thread)
    {
        try
        {
            return File.ReadAllText(Path.Combine(thread, "wchan")) == "wait_for_partner";
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Dispose() => _folder.Dispose();
}
