using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Tests.Emulator;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>
/// The real command on a disk that fills up: it reports the full disk, waits, and continues when there is space.
/// </summary>
public sealed class FullDiskCommandTests : IDisposable
{
    private const int Inputs = 40;

    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ARunReportsAFullDiskAndContinuesWhenThereIsRoom(bool isEmbedded)
    {
        using var disk = SmallDisk.Mount(megabytes: 32);
        var time = AwaitedTime.AtPresent();
        await using var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new()
            {
                DataFolder = _folder["emulator"],
                Faults = "task_slow_ms=50000",
                Storage = Pipeline.Emulator.StorageMode.Own,
                Time = time,
            },
            Token);
        var listen = $"http://127.0.0.1:{CliProcess.FreePort()}/";
        string[] where = ["--out", Path.Combine(disk.Path, "out")];
        // The emulator in the same process keeps its tasks on the same disk. The full disk must not end any of them.
        string[] api = isEmbedded ? ["--faults", "task_slow_ms=6000"] : ["--api", emulator.BaseAddress.AbsoluteUri];
        using var run = CliProcess.StartWithin(
            disk.Enter, ["run", List(), .. api, "--listen", listen, .. where],
            ("Pipeline__Sweep__PollInterval", "00:00:01"), ("Pipeline__Submit__Quarantine", "00:00:01"));
        await run.WaitForAsync("Status: ");
        using var http = new HttpClient();
        await Patience.UntilAsync(async () => await CountUnderWayAsync(http, listen) >= Inputs);

        disk.Fill();
        if (!isEmbedded)
            await time.PassAsync(EmulatorLab.WaitFor(milliseconds: 50_000));
        await run.WaitForAsync("Waiting. The disk that holds");
        Assert.Contains(
            "Stuck: The disk that holds", await http.GetStringAsync(new Uri(listen), Token),
            StringComparison.Ordinal);
        for (var look = 0; look < 4; look++)
        {
            var status = await RunAsync(disk, ["status", "--json", .. where]);
            Assert.StartsWith(
                "The disk that holds", JsonElement.Parse(status.Output)[0].GetProperty("problem").GetString(),
                StringComparison.Ordinal);
        }
        Assert.Contains("is full", (await RunAsync(disk, ["status", .. where])).Error, StringComparison.Ordinal);

        disk.Free();
        var (exitCode, _, error) = await run.WaitAsync();
        Assert.Equal(ExitCodes.Complete, exitCode);
        Assert.Contains("The disk can be written again; the work continues.", error, StringComparison.Ordinal);
        var records = File.ReadAllLines(Path.Combine(disk.Seen, "out", "records.ndjson"))
            .Select(l => JsonElement.Parse(l))
            .ToList();
        Assert.Equal(Inputs, records.Select(r => r.GetProperty("id").GetString()).Distinct().Count());
        Assert.Equal(Inputs, records.Count);
        Assert.Equal("", File.ReadAllText(Path.Combine(disk.Seen, "out", "failures.ndjson")));
        Assert.Equal(
            ["failures.ndjson", "manifest.json", "records.ndjson"],
            Directory.GetFiles(Path.Combine(disk.Seen, "out")).Select(Path.GetFileName).Order());
    }

    private static async Task<int> CountUnderWayAsync(HttpClient http, string listen)
    {
        var lists = JsonElement.Parse(await http.GetStringAsync(new Uri($"{listen}api/lists"), Token))
            .GetProperty("lists");
        if (lists.GetArrayLength() == 0)
            return 0;
        var address = new Uri($"{listen}api/lists/{lists[0].GetProperty("list_id").GetString()}");
        return JsonElement.Parse(await http.GetStringAsync(address, Token))
            .TryGetProperty("progress", out var progress) ? progress.GetProperty("under_way").GetInt32() : 0;
    }

    [Theory]
    [InlineData("run")]
    [InlineData("submit")]
    public async Task AFullDiskAtStartGivesOneLineAndExitCodeOne(string command)
    {
        using var disk = SmallDisk.Mount(megabytes: 1);
        disk.Fill();

        var (exitCode, output, error) = await RunAsync(
            disk, [command, List(), "--out", Path.Combine(disk.Path, "out")]);

        Assert.Equal((ExitCodes.Error, ""), (exitCode, output));
        Assert.StartsWith("pipeline: ", error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(c => c == '\n'));
        Assert.Contains("full", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnwritableLogDoesNotEndTheRun()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full here.");
        await using var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new() { DataFolder = _folder["emulator"], Storage = Pipeline.Emulator.StorageMode.Own }, Token);
        using var run = CliProcess.StartWithin(
            ["sh", "-c", "exec \"$@\" 2>/dev/full", "sh"],
            ["run", List(), "--verbose", "--api", emulator.BaseAddress.AbsoluteUri, "--out", _folder["out"]]);

        Assert.Equal(ExitCodes.Complete, (await run.WaitAsync()).ExitCode);
        Assert.Equal(Inputs, File.ReadAllLines(_folder["out", "records.ndjson"]).Length);
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        SmallDisk disk, IEnumerable<string> arguments)
    {
        using var process = CliProcess.StartWithin(disk.Enter, arguments);
        return await process.WaitAsync();
    }

    private string List()
    {
        File.WriteAllLines(
            _folder["list.txt"],
            Enumerable.Range(1, Inputs).Select(i => $"http://sample.test/sample/generated/{i}?bytes=50000"));
        return _folder["list.txt"];
    }
}
