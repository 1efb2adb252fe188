using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Cli;
using Pipeline.Tests.Docs;
using Pipeline.Tests.EndToEnd;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Drills;

/// <summary>
/// A <c>pipeline serve</c> over the emulator with a metrics collector, and an operator who reads page, status and
/// metrics and pastes commands of docs/runbook.md into a shell.
/// </summary>
internal sealed partial class Drill : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly HttpClient _http = new();
    private readonly List<CliProcess> _hosts = [];
    private readonly Dictionary<string, string> _variables;

    private Drill(Rig rig, FaultProxy api, OtlpCollector collector)
    {
        (Rig, Api, Collector) = (rig, api, collector);
        _variables = KillSuite.Environment(rig).ToDictionary(v => v.Item1, v => v.Item2);
        Set("Pipeline__Nimble__BaseUrl", api.Address.AbsoluteUri);
        Set("Pipeline__Nimble__RefusedPause", "00:00:01");
        Set("Pipeline__Delivery__StorageUrl", "s3://results/drill/");
        Set("Pipeline__Submit__Unknown", "hold");
        Set("Pipeline__Submit__Quarantine", "00:00:01");
        Set("Runner__SweepInterval", "00:00:00.3");
        foreach (var (name, value) in collector.Variables)
            Set(name, value);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public Rig Rig { get; }

    /// <summary>A proxy before the emulator, for faults of the API that the emulator does not have.</summary>
    public FaultProxy Api { get; }

    /// <summary>Receives the metrics of all commands.</summary>
    public OtlpCollector Collector { get; }

    /// <summary>Where the host listens.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>The start of a command line that runs in another mount namespace; empty for this one.</summary>
    public IReadOnlyList<string> Within { get; init; } = [];

    public string Out { get; set; } = "pipeline-out";

    private string State => Path.Combine(_folder.Path, Out, ".pipeline");

    /// <summary>Starts the emulator with these faults.</summary>
    /// <param name="faults">The faults.</param>
    /// <param name="disk">The file system of the output; null for that of all tests.</param>
    /// <param name="time">The emulator's clock; null for the real one.</param>
    public static async Task<Drill> StartAsync(
        string faults = "", SmallDisk? disk = null, AwaitedTime? time = null)
    {
        var rig = await Rig.StartAsync(faults, time: time);
        return new(
            rig, await FaultProxy.StartAsync(rig.Emulator.BaseAddress), await OtlpCollector.StartAsync())
        {
            Within = disk?.Enter ?? [],
            Out = disk is null ? "pipeline-out" : Path.Combine(disk.Path, "out"),
        };
    }

    /// <summary>Sets an environment variable for the commands that follow.</summary>
    public void Set(string name, string value) => _variables[name] = value;

    /// <summary>Starts the host.</summary>
    /// <param name="options">Further options.</param>
    public Task ServeAsync(params string[] options) => HostAsync(
        CliProcess.StartWithin(Within, ["serve", .. Where(), "--out", Path.Combine(_folder.Path, Out), .. options],
            Variables()));

    /// <summary>Stops the host as an operator does.</summary>
    public async Task StopAsync()
    {
        using var stop = System.Diagnostics.Process.Start("kill", ["-TERM", $"{_hosts[^1].Id}"]);
        var (exitCode, _, error) = await _hosts[^1].WaitAsync();
        Assert.True(exitCode == ExitCodes.Complete, error);
    }

    /// <summary>Sends a list to the host, and returns its id.</summary>
    public async Task<string> SubmitAsync(int urls, string name = "drill")
    {
        using var body = new StringContent(string.Join('\n', Rig.Urls(urls)));
        using var answer = await _http.PostAsync(new Uri(Address, $"api/lists?list_id={name}"), body, Token);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        return name;
    }

    /// <summary>Waits until the page at this address says all of these.</summary>
    public Task PageSaysAsync(string path, params string[] texts) => UntilAsync(async () =>
    {
        var page = WebUtility.HtmlDecode(await _http.GetStringAsync(new Uri(Address, path), Token));
        return texts.All(text => page.Contains(text, StringComparison.Ordinal))
            ? null
            : $"The page {path} does not say '{string.Join("', '", texts)}': {Text(page)}";
    });

    /// <summary>Waits until the page begins with this level.</summary>
    public Task VerdictIsAsync(string level) => PageSaysAsync("", $"class=\"verdict {level}\"");

    /// <summary>Waits until <c>pipeline status</c> names a reason that open work waits for.</summary>
    public Task StatusNamesAsync(string reason) => UntilAsync(async () =>
    {
        var (_, output, error) = await RunAsync(["status"]);
        return (output + error).Contains(reason, StringComparison.Ordinal) ? null : output + error;
    });

    /// <summary>Runs a command, and returns what it prints.</summary>
    /// <param name="command">The command with its arguments.</param>
    /// <param name="ofRun">Whether it takes the option for the output folder.</param>
    public async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] command, bool ofRun = true)
    {
        string[] folder = ofRun ? ["--out", Path.Combine(_folder.Path, Out)] : [];
        using var process = CliProcess.StartWithin(Within, [.. command, .. folder], Variables());
        return await process.WaitAsync();
    }

    /// <summary>Waits until the collector has seen a metric of at least this value, at any time.</summary>
    /// <param name="name">The metric.</param>
    /// <param name="atLeast">Its value: the sum of a counter, or a gauge.</param>
    /// <param name="of">The dimensions that count.</param>
    public Task MetricIsAsync(string name, double atLeast, params (string Key, string Value)[] of) =>
        UntilAsync(() => Task.FromResult(
            Collector.Peak(name, of) >= atLeast
                ? null
                : $"{name} was not {atLeast}: {Collector.DrawMetricsAndLog()}"));

    /// <summary>Pastes the commands that the runbook's entry has below <c>Do</c> into a shell.</summary>
    /// <param name="entry">The entry's name.</param>
    /// <param name="values">What the operator writes in place of LIST_ID and the like.</param>
    public async Task CureAsync(string entry, params (string Name, string Value)[] values)
    {
        using var shell = Paste(entry, values);
        var (exitCode, output, error) = await shell.WaitAsync();
        Assert.True(exitCode == ExitCodes.Complete, $"{Runbook.Of(entry).Cure}: {output}{error}");
    }

    /// <summary>The same for commands that end with <c>pipeline serve</c>: the host that they start.</summary>
    public Task CureByHostAsync(string entry, params (string Name, string Value)[] values) =>
        HostAsync(Paste(entry, values, $" {string.Join(' ', Where())}"));

    /// <summary>Waits until a list has closed with these counts.</summary>
    public Task ClosesAsync(string listId, long records, long failures = 0) => UntilAsync(async () =>
    {
        using var answer = await _http.GetAsync(new Uri(Address, $"api/lists/{listId}"), Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        return answer.IsSuccessStatusCode && JsonElement.Parse(text).TryGetProperty("manifest", out var manifest)
            && manifest.ValueKind == JsonValueKind.Object
            && (manifest.GetProperty("records").GetInt64(), manifest.GetProperty("failures").GetInt64())
                == (records, failures) ? null : text;
    });

    /// <summary>Waits until a question reports no problem any more; fails with the last problem.</summary>
    public static async Task UntilAsync(Func<Task<string?>> question)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Patience.Limit);
        string? complaint;
        while ((complaint = await question()) is not null)
        {
            if (limit.IsCancellationRequested)
                Assert.Fail(complaint);
            await Task.Delay(50, Token);
        }
    }

    /// <summary>
    /// Moves every due check of Sweep into the past, as if no host had run. Waits until the page reports them as
    /// overdue. A check that a worker schedules meanwhile is moved too.
    /// </summary>
    public Task PassAsync(TimeSpan time) => UntilAsync(async () =>
    {
        await MoveLooksAsync(time);
        return (await _http.GetStringAsync(new Uri(Address, ""), Token)).Contains("Sweep is overdue")
            ? null
            : "The page does not say that Sweep is overdue.";
    });

    private async Task MoveLooksAsync(TimeSpan time)
    {
        await using var database = new Microsoft.Data.Sqlite.SqliteConnection(
            $"Data Source={Path.Combine(State, Pipeline.Stores.Local.LocalDatabase.FileName)}");
        await database.OpenAsync(Token);
        await using var command = database.CreateCommand();
        command.CommandText = "UPDATE submission SET due_at = due_at - $by WHERE due_at IS NOT NULL";
        command.Parameters.AddWithValue("$by", time.Ticks);
        await command.ExecuteNonQueryAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
            host.Dispose();
        await Api.DisposeAsync();
        await Collector.DisposeAsync();
        await Rig.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    /// <summary>The words of a page, without its markup.</summary>
    private static string Text(string page) =>
        Words().Replace(page[page.IndexOf("<main", StringComparison.Ordinal)..], " ");

    private async Task HostAsync(CliProcess host)
    {
        _hosts.Add(host);
        await host.WaitForAsync("Serving ");
    }

    private CliProcess Paste(string entry, (string Name, string Value)[] values, string options = "")
    {
        var cure = values.Aggregate(
            Runbook.Of(entry).Cure, (text, value) => text.Replace(value.Name, value.Value, StringComparison.Ordinal));
        return CliProcess.StartShell(
            $"set -e; cd '{_folder.Path}'; pipeline() {{ $pipeline \"$@\"{options}; }}\n{cure}", Variables());
    }

    private string[] Where()
    {
        Address ??= new($"http://127.0.0.1:{CliProcess.FreePort()}/");
        return ["--listen", Address.AbsoluteUri];
    }

    private IEnumerable<(string, string)> Variables() => _variables.Select(v => (v.Key, v.Value));

    [GeneratedRegex(@"(<svg.*?</svg>|<[^>]+>|\s)+", RegexOptions.Singleline)]
    private static partial Regex Words();
}
