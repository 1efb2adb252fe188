using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Pipeline.Model;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Stores.Local.Queues;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

/// <summary>
/// Promise 7, and promise 1 for ledger and queue, under <c>kill -9</c> and with workers that are suspended and resumed.
/// </summary>
public sealed class LocalStateKillTests : IDisposable
{
    private const int Inputs = 3_000;
    private const int Kill = 9, Continue = 18, Stop = 19;

    private readonly TempFolder _folder = new();
    private readonly List<Process> _workers = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (var worker in _workers)
        {
            Signal(worker, Kill);
            worker.Dispose();
        }
        _folder.Dispose();
    }

    [Fact]
    public async Task AfterAnyNumberOfKillsEveryInputIsRecordedExactlyOnce()
    {
        var random = new Random();
        var kills = 0;
        for (; kills < 12; kills++)
        {
            // The lease is long: unless the next start releases the messages of killed workers, this test times out.
            var worker = await StartAsync(TimeSpan.FromMinutes(10));
            if (worker.WaitForExit(random.Next(5, 160)))
                break;
            Signal(worker, Kill);
            await worker.WaitForExitAsync(Token);
        }

        await FinishAsync(await StartAsync(TimeSpan.FromMinutes(10)));

        Assert.True(kills >= 10, $"Only {kills} kills happened before the work was done.");
        await AssertCompleteAsync();
    }

    [Fact]
    public async Task WorkersSuspendedPastTheirLeaseDoNoHarmWhenResumed()
    {
        var random = new Random();
        var lease = TimeSpan.FromSeconds(1);
        var first = await StartAsync(lease);
        var second = await StartAsync(lease);
        // At most four times, because a message received five times is rightly dead-lettered.
        for (var i = 0; i < 4 && !first.HasExited && !second.HasExited; i++)
        {
            var suspended = i % 2 == 0 ? first : second;
            Signal(suspended, Stop);
            await Task.Delay(lease + TimeSpan.FromMilliseconds(random.Next(50, 200)), Token);
            Signal(suspended, Continue);
            await Task.Delay(random.Next(20, 100), Token);
        }

        await FinishAsync(first);
        await FinishAsync(second);

        await AssertCompleteAsync();
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int processId, int signal);

    private static void Signal(Process process, int signal)
    {
        if (!process.HasExited)
            Assert.True(SendSignal(process.Id, signal) == 0 || process.HasExited);
    }

    private static async Task FinishAsync(Process worker)
    {
        await worker.WaitForExitAsync(Token).WaitAsync(Patience.Limit, Token);
        Assert.Equal(0, worker.ExitCode);
    }

    private async Task<Process> StartAsync(TimeSpan visibility)
    {
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "Pipeline.Tests.Child.dll"),
            _folder.Path,
            $"{Inputs}",
            $"{visibility.TotalMilliseconds}",
        ];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true };
        start.LeaveNoDiagnosticFiles();
        var worker = Process.Start(start)!;
        _workers.Add(worker);
        var said = worker.StandardOutput.ReadLineAsync(Token).AsTask();
        Assert.Equal("working", await said.WaitAsync(Patience.Limit, Token));
        return worker;
    }

    private async Task AssertCompleteAsync()
    {
        await using var database = await LocalDatabase.OpenAsync(_folder["state"], Token);
        var (ledger, queue) = (new LocalLedger(database), new LocalWorkQueue(database, TimeProvider.System));
        var (recorded, failed) = (new List<string>(), new List<string>());
        await foreach (var submission in ledger.GetSubmissionsAsync("list", 0, Token))
        {
            foreach (var input in await ledger.GetInputsAsync(submission.SubmissionId, Token))
                (input.State switch { InputState.Recorded => recorded, InputState.Failed => failed,
                        _ => throw new InvalidOperationException(input.Id) }).Add(input.Id);
        }

        Assert.Equal(Inputs, recorded.Count + failed.Count);
        Assert.Equal(recorded.Order(), Ids("records.ndjson").Order());
        Assert.Equal(failed.Order(), Ids("failures.ndjson").Order());
        Assert.All((await queue.CountAsync(Token)).Values, counts => Assert.Equal(new QueueCounts(0, 0, 0), counts));
        using var manifest = JsonDocument.Parse(await File.ReadAllTextAsync(_folder["out", "manifest.json"], Token));
        Assert.Equal(recorded.Count, manifest.RootElement.GetProperty("records").GetInt32());
        var location = manifest.RootElement.GetProperty("locations")[0];
        var bytes = await File.ReadAllBytesAsync(_folder["out", "records.ndjson"], Token);
        Assert.Equal(bytes.Length, location.GetProperty("bytes").GetInt64());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), location.GetProperty("sha256").GetString());
    }

    private List<string> Ids(string file)
    {
        var text = File.ReadAllText(_folder["out", file]);
        Assert.EndsWith("}\n", text, StringComparison.Ordinal);
        return [.. text[..^1].Split('\n').Select(line =>
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("id").GetString()!;
        })];
    }
}
