using System.Text;
using Pipeline.Emulator.Hostile;

namespace Pipeline.Chaos;

/// <summary>
/// Serves an honest list alone, then a similar one beside a list whose replies, results and webhooks are hostile. The
/// honest list must end as if it were alone, and the hostile one must end too.
/// </summary>
internal sealed class HostileTrial : ITrial
{
    private const int HostileUrls = 61;
    private const int Times = 2;

    // Requests of the honest list that wait for one another: its POSTs, and then a few for its results.
    private const int RequestsInTurn = 20;
    private const long MaxBytes = 512L << 20;

    // Start-up time of a process that has a core to itself. On a slower start, all other limits grow in proportion.
    private static readonly TimeSpan UsualStart = TimeSpan.FromSeconds(0.8);

    // Tolerance for other load on this machine.
    private static readonly TimeSpan Noise = TimeSpan.FromSeconds(4);

    private readonly Installation _installation;
    private readonly TrialPlan _plan;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chaos-");
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly EmulatorServer _emulator;
    private readonly Verdict _verdict;
    private double _slowness = 1;
    private TimeSpan _answered;
    private TimeSpan _emulated;

    public HostileTrial(Installation installation, TrialPlan plan)
    {
        (_installation, _plan, _verdict) = (installation, plan, new(plan) { Folder = _folder.FullName });
        _emulator = new(installation, _http, Path.Combine(_folder.FullName, "emulator"));
    }

    private TimeSpan Bound => TimeSpan.FromSeconds(90) * _slowness;

    // A look may wait two minutes for an API that stalls, and the look after the deadline once more.
    private TimeSpan HostileBound => TimeSpan.FromMinutes(5) * _slowness;

    public async Task<Verdict> RunAsync()
    {
        try
        {
            await StartEmulatorAsync();
            var (alone, beside) = (Urls(1, _plan.Urls), Urls(1001, _plan.Urls));
            var hostile = Urls(2001, HostileUrls).ConvertAll(url => $"{url}&{HostileMark.Word}");
            _verdict.HonestAlone = await ServeAsync("alone", [], alone);
            var (answeredAlone, emulatedAlone) = (_answered, _emulated);
            _verdict.HonestBeside = await ServeAsync("beside", hostile, beside);
            // Emulator and command share this machine: what the emulator is slower by, or takes of the processors to
            // make hostile data, is no fault of the command.
            var slower = Longer(RequestsInTurn * (_answered - answeredAlone), _emulated - emulatedAlone);
            var allowed = Longer(
                _verdict.HonestAlone * Times,
                _verdict.HonestAlone + (Noise * _slowness)) + Longer(slower, TimeSpan.Zero);
            if (_verdict.HonestBeside > allowed)
                _verdict.Starved.Add($"the honest list took {_verdict.HonestAlone.TotalSeconds:0.0} s alone "
                    + $"and {_verdict.HonestBeside.TotalSeconds:0.0} s beside the hostile one");
            if (_verdict.PeakBytes > MaxBytes)
                _verdict.Swollen.Add($"the command took {_verdict.PeakBytes >> 20} MiB, more than {MaxBytes >> 20}");
        }
        catch (Exception problem)
        {
            _verdict.Stuck.Add($"the trial was aborted: {problem.Message} The emulator {_emulator.State}");
        }

        return _verdict;
    }

    public void Dispose()
    {
        _emulator.Dispose();
        _http.Dispose();
        if (_verdict.IsClean)
            _folder.Delete(recursive: true);
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static List<string> Urls(int first, int count) =>
        [
            .. Enumerable.Range(first, count).Select(
                i => $"http://sample.test/sample/generated/{i}?bytes={200 + (i * 37 % 4000)}")];

    private async Task StartEmulatorAsync()
    {
        var began = TimeProvider.System.GetTimestamp();
        await _emulator.StartAsync(_plan.Faults.Text);
        _slowness = Math.Clamp(TimeProvider.System.GetElapsedTime(began) / UsualStart, 1, 6);
        using (await _http.PutAsync(new Uri(_emulator.Api, "s3/results"), null))
        {
        }
    }

    /// <summary>Serves lists until they have ended, then audits the output.</summary>
    /// <returns>Duration of the honest list.</returns>
    private async Task<TimeSpan> ServeAsync(string name, IReadOnlyList<string> hostile, IReadOnlyList<string> honest)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.FullName, name)).FullName;
        var workers = new Workers(_installation, _plan, folder, _emulator.Api, null, null);
        using var server = workers.Start();
        await WaitAsync(server, () => server.LineThatBegins("Serving") is not null, "does not serve", Bound);
        if (hostile.Count > 0)
            await workers.AddListAsync(hostile.Select(url => (url, "")));
        await workers.AddListAsync(honest.Select(url => (url, "")));
        var (started, emulated) = (TimeProvider.System.GetTimestamp(), _emulator.ProcessorTime);
        var probes = new List<TimeSpan>();
        await WaitAsync(
            server, () => Auditor.HasList(workers.Out, honest.Count), "has not ended the honest list", Bound, probes);
        var took = TimeProvider.System.GetElapsedTime(started);
        _emulated = _emulator.ProcessorTime - emulated;
        _answered = probes.Count == 0 ? TimeSpan.Zero : probes.Order().ElementAt(probes.Count / 2);
        await WaitAsync(
            server,
            () => Auditor.InputsOfManifest(workers.Out) == honest.Count + hostile.Count,
            "has not ended the hostile list",
            HostileBound);
        await StopAsync(server);
        await File.WriteAllTextAsync(Path.Combine(folder, "command.log"), server.Words);
        await _emulator.SetFaultsAsync([]);
        await new Auditor(_http, _emulator.Api, workers.Out, [.. honest, .. hostile]).AuditAsync(_verdict);
        await _emulator.SetFaultsAsync(_plan.Faults.Drawn);
        // Records carry what results hold, as it was delivered.
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories);
        foreach (var file in files.Where(f => !f.EndsWith("records.ndjson", StringComparison.Ordinal)))
            AuditText(Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)), file);
        return took;
    }

    private async Task StopAsync(Child server)
    {
        await server.SignalAsync("TERM");
        var exitCode = await server.WaitAsync(Bound);
        if (exitCode is not (0 or 3))
            _verdict.Stuck.Add($"ended with exit code {exitCode}. {server.LastWords}");
    }

    /// <summary>Waits for a condition and records the command's peak memory.</summary>
    private async Task WaitAsync(
        Child server, Func<bool> condition, string otherwise, TimeSpan bound, List<TimeSpan>? probes = null)
    {
        for (var left = bound; !condition(); left -= TimeSpan.FromMilliseconds(50))
        {
            _verdict.PeakBytes = Math.Max(_verdict.PeakBytes, server.PeakBytes());
            probes?.Add(await _emulator.AnswerTimeAsync());
            if (left > TimeSpan.Zero && await server.WaitAsync(TimeSpan.FromMilliseconds(50)) is null)
                continue;
            _verdict.Stuck.Add($"{otherwise} after {bound.TotalSeconds:0} s. {server.LastWords}");
            return;
        }

        _verdict.PeakBytes = Math.Max(_verdict.PeakBytes, server.PeakBytes());
    }

    private void AuditText(string text, string where)
    {
        if (text.Contains(Workers.ApiKey, StringComparison.Ordinal))
            _verdict.Leaked.Add($"the API key is in {where}");
        if (!where.EndsWith(".db", StringComparison.Ordinal) && text.Contains('\u001b'))
            _verdict.Leaked.Add($"a terminal's escape sequence is in {where}");
    }
}
