using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Emulator;
using Pipeline.Options;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// An emulator, a list and a folder for a run. Everything uses real HTTP and the vendors' own clients.
/// </summary>
internal sealed class Rig : IAsyncDisposable
{
    public const string Key = "test-key-4711";
    private static readonly TimeSpan RunLimit = Patience.Limit * 2;
    private readonly TempFolder _folder;
    private readonly HttpClient _http = new();

    private Rig(TempFolder folder, RunningEmulator emulator, AzuriteAccount? azure) =>
        (_folder, Emulator, Azure) = (folder, emulator, azure);

    public RunningEmulator Emulator { get; }

    /// <summary>The storage account of the run; null for SQLite and files.</summary>
    public AzuriteAccount? Azure { get; }

    public string Out => Path.Combine(_folder.Path, "out");

    /// <summary>Starts an emulator with these faults.</summary>
    /// <param name="faults">The faults.</param>
    /// <param name="azure">The storage account of the run; null for SQLite and files.</param>
    /// <param name="allowPrivate">Whether it fetches pages of this machine.</param>
    /// <param name="time">The emulator's clock; null for the real one.</param>
    public static async Task<Rig> StartAsync(
        string faults = "", AzuriteAccount? azure = null, bool allowPrivate = false, TimeProvider? time = null)
    {
        var folder = new TempFolder();
        var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new()
            {
                DataFolder = folder["emulator"],
                Faults = faults,
                ApiKey = Key,
                AllowPrivate = allowPrivate,
                Storage = StorageMode.Own,
                CallbackBackoff = TimeSpan.FromMilliseconds(50),
                Time = time ?? TimeProvider.System,
            },
            TestContext.Current.CancellationToken);
        await emulator.EnsureBucketAsync("results");
        return new(folder, emulator, azure);
    }

    /// <summary>URLs of the emulator's own sample site.</summary>
    public static IEnumerable<string> Urls(int count) =>
        Enumerable.Range(1, count).Select(i => $"http://sample.test/sample/generated/{i}?bytes=2000");

    /// <summary>Writes a list.</summary>
    public string List(params IEnumerable<string> lines)
    {
        var path = Path.Combine(_folder.Path, "list.txt");
        File.WriteAllLines(path, lines);
        return path;
    }

    /// <summary>The settings of a run, with windows short enough for a test.</summary>
    public RunSettings Settings(
        string list, string? storageUrl = "s3://results/tests/",
        params IEnumerable<(string Key, string Value)> tuning) => new()
    {
        Lists = [list],
        Out = Out,
        State = Path.Combine(_folder.Path, "state"),
        Azure = Azure?.Open().Options,
        Stores = new()
        {
            S3Endpoint = Emulator.S3Endpoint,
            S3AccessKey = "test",
            S3SecretKey = "test",
            GcsEndpoint = Emulator.GcsEndpoint.AbsoluteUri,
        },
        Given = GivenSettings.From(new ConfigurationBuilder().AddInMemoryCollection(
        [
            new("Runner:SweepInterval", "00:00:00.3"),
            new("Runner:IdleSweepInterval", "00:00:00.1"),
            new("Pipeline:Nimble:BaseUrl", Emulator.BaseAddress.AbsoluteUri),
            new("Pipeline:Nimble:ApiKey", Key),
            new("Pipeline:Nimble:RequestsPerSecond", "1000"),
            new("Pipeline:Delivery:StorageUrl", storageUrl),
            new("Pipeline:Collect:ObjectDeadline", "00:00:02"),
            new("Pipeline:Collect:RetryDelay", "00:00:00.1"),
            new("Pipeline:Sweep:PollInterval", "00:00:00.2"),
            new("Pipeline:Sweep:WebhookGrace", "00:00:01"),
            new("Pipeline:Sweep:EvidenceWindow", "00:00:03"),
        ]).AddInMemoryCollection(tuning.Select(t =>
            KeyValuePair.Create($"Pipeline:{t.Key}", (string?)t.Value))).Build()),
    };

    /// <summary>Runs a list to its end, and checks the promises that every run must keep.</summary>
    public Task<RunOutcome> RunAsync(RunSettings settings) =>
        EndAsync(settings, (progress, stop) => new RunJob(settings, progress).RunAsync(stop));

    /// <summary>Does work that ends with a manifest, and checks the promises that every run must keep.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="run">The work; it is stopped, and the test fails, if it does not end.</param>
    public async Task<RunOutcome> EndAsync(
        RunSettings settings, Func<StringWriter, CancellationToken, Task<int>> run)
    {
        using var progress = new StringWriter();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(RunLimit);
        var exitCode = await run(progress, limit.Token);
        Assert.False(limit.IsCancellationRequested, $"The run did not end within {RunLimit}: {progress}");
        TestContext.Current.TestOutputHelper?.WriteLine(progress.ToString());
        string[] Read(string file) => File.ReadAllLines(Path.Combine(settings.Out, file));
        var outcome = new RunOutcome(
            exitCode, Read("records.ndjson"), Read("failures.ndjson"),
            JsonElement.Parse(File.ReadAllText(Path.Combine(settings.Out, "manifest.json"))), await PostsAsync());
        outcome.CheckPromises();
        return outcome;
    }

    /// <summary>Every POST that the emulator accepted.</summary>
    public async Task<IReadOnlyList<JsonElement>> PostsAsync()
    {
        var stats = await _http.GetFromJsonAsync<JsonElement>(
            new Uri(Emulator.BaseAddress, "_admin/stats"), TestContext.Current.CancellationToken);
        return [.. stats.GetProperty("posts").EnumerateArray()];
    }

    /// <summary>Waits for the first POST that the emulator accepts.</summary>
    public async Task WaitForPostAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience.Limit);
        while ((await PostsAsync()).Count == 0)
            await Task.Delay(50, limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await Emulator.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }
}
