using System.Net;

namespace Pipeline.Chaos;

/// <summary>One list through the real command and a real emulator, interrupted as planned, then left alone until it ends, then audited.</summary>
internal sealed class Trial(TrialPlan plan) : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chaos-");
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly Random _random = new(plan.Seed);
    private readonly int _port = Child.FreePort();
    private readonly int _listen = Child.FreePort();
    private readonly Verdict _verdict = new(plan);
    private Child? _emulator;

    private Uri Api => new($"http://127.0.0.1:{_port}/");

    public async Task<Verdict> RunAsync()
    {
        var urls = Enumerable.Range(1, plan.Urls).Select(i => $"http://sample.test/sample/generated/{i}?bytes={_random.Next(200, 4000)}").ToList();
        var list = Path.Combine(_folder.FullName, "list.txt");
        await File.WriteAllLinesAsync(list, urls);
        await StartEmulatorAsync();
        using (await _http.PutAsync(new Uri(Api, "s3/results"), null))
        {
        }

        string? point = null;
        foreach (var interruption in plan.Interruptions)
            if (await InterruptAsync(list, interruption))
                point = interruption.Point;
        await FinishAsync(list, point);
        using (await _http.DeleteAsync(new Uri(Api, "_admin/faults")))
        {
        }

        await new Auditor(_http, Api, Path.Combine(_folder.FullName, "out"), urls).AuditAsync(_verdict);
        return _verdict;
    }

    public void Dispose()
    {
        _emulator?.Dispose();
        _http.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>The last start, after which nothing interferes.</summary>
    private async Task FinishAsync(string list, string? point)
    {
        var started = TimeProvider.System.GetTimestamp();
        using var child = Start(list, null);
        var forging = ForgeAsync();
        var exitCode = await child.WaitAsync(Bound);
        await forging;
        if (point is not null)
            _verdict.Recoveries.Add(new(point, TimeProvider.System.GetElapsedTime(started)));
        if (exitCode is not (0 or 3))
            _verdict.Stuck.Add(exitCode is null ? $"not ended after {Bound.TotalSeconds} s. {child.LastWords}" : $"exit code {exitCode}. {child.LastWords}");
    }

    private async Task<bool> InterruptAsync(string list, Interruption interruption)
    {
        using var child = Start(list, interruption.CrashAt);
        if (interruption.Freezes)
            return await FreezeAsync(list, child, interruption);
        var patience = interruption.CrashAt is null ? interruption.After : TimeSpan.FromSeconds(15);
        if (plan.RestartsEmulator)
        {
            await child.WaitAsync(TimeSpan.FromMilliseconds(_random.Next(300, 1200)));
            await RestartEmulatorAsync();
        }

        var ended = await child.WaitAsync(patience);
        if (ended is not null and not Child.Killed)
            return false;
        if (ended is null && !await child.KillAsync())
            return false;
        _verdict.Kills++;
        return true;
    }

    /// <summary>A process that stood still while another took over its state, and then goes on.</summary>
    private async Task<bool> FreezeAsync(string list, Child stale, Interruption interruption)
    {
        if (await stale.WaitAsync(interruption.After) is not null)
            return false;
        await stale.SignalAsync("STOP");
        // A port of its own: it is the state that the two have to share.
        using var second = Start(list, null, Child.FreePort());
        await second.WaitAsync(TimeSpan.FromSeconds(3));
        await stale.SignalAsync("CONT");
        await stale.WaitAsync(TimeSpan.FromSeconds(3));
        _verdict.Kills += await stale.KillAsync() ? 1 : 0;
        _verdict.Kills += await second.KillAsync() ? 1 : 0;
        _verdict.Freezes++;
        return true;
    }

    private Child Start(string list, string? crashAt, int? listen = null)
    {
        var arguments = new List<string> { "run", list, "--out", Path.Combine(_folder.FullName, "out"), "--api", Api.AbsoluteUri, "--listen", $"http://127.0.0.1:{listen ?? _listen}/" };
        if (plan.StorageUrl is not null)
            arguments.AddRange(["--storage-url", plan.StorageUrl, "--compress"]);
        return new(arguments, crashAt is null ? Environment() : Environment().Append(("PIPELINE_CRASH_AT", crashAt)));
    }

    private IEnumerable<(string Name, string Value)> Environment() =>
    [
        ("NIMBLE_API_KEY", "chaos"),
        ("AWS_ENDPOINT_URL_S3", $"{Api}s3"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("STORAGE_EMULATOR_HOST", $"{Api}gcs"),
        ("Pipeline__Intake__MaxInputsPerSubmission", "10"),
        ("Pipeline__Nimble__RequestsPerSecond", "1000"),
        ("Pipeline__Nimble__Timeout", "00:00:04"),
        ("Pipeline__Sweep__PostingLease", "00:00:05"),
        ("Pipeline__Sweep__PostingCheck", "00:00:00.5"),
        ("Pipeline__Sweep__WebhookGrace", "00:00:00.7"),
        ("Pipeline__Sweep__PollInterval", "00:00:00.3"),
        ("Pipeline__Sweep__MaxPollInterval", "00:00:01"),
        ("Pipeline__Sweep__EvidenceWindow", "00:00:06"),
        ("Pipeline__Collect__ObjectDeadline", "00:00:02"),
        ("Pipeline__Collect__RetryDelay", "00:00:00.1"),
        ("Runner__SweepInterval", "00:00:00.3"),
        ("Runner__RetryDelay", "00:00:00.2"),
    ];

    private async Task StartEmulatorAsync()
    {
        _emulator = new(["emulator", "--urls", Api.AbsoluteUri, "--data", Path.Combine(_folder.FullName, "emulator"), "--storage", "own", "--faults", plan.Faults], []);
        for (var tries = 0; tries < 300; tries++)
        {
            try
            {
                using var answer = await _http.GetAsync(new Uri(Api, "_admin/faults"));
                return;
            }
            catch (HttpRequestException)
            {
                if (await _emulator.WaitAsync(TimeSpan.FromMilliseconds(100)) is not null)
                    break;
            }
        }

        throw new InvalidOperationException($"The emulator does not start: {_emulator.LastWords}");
    }

    private async Task RestartEmulatorAsync()
    {
        await _emulator!.KillAsync();
        _emulator.Dispose();
        _verdict.EmulatorKills++;
        await StartEmulatorAsync();
    }

    /// <summary>Webhooks with wrong tokens, on the paths of submissions that there really are.</summary>
    private async Task ForgeAsync()
    {
        if (plan.Forged == 0)
            return;
        var told = await Auditor.CallbackPathsAsync(_http, Api);
        if (told.Count == 0)
            told = ["/api/callbacks/none/none"];
        var token = new byte[32];
        for (var i = 0; i < plan.Forged; i++)
        {
            var real = told[i % told.Count];
            _random.NextBytes(token);
            var path = $"{real[..real.LastIndexOf('/')]}/{Convert.ToHexStringLower(token)}";
            try
            {
                using var body = new StringContent("{\"status\":\"success\",\"task\":{\"id\":\"11111111-2222-3333-4444-555555555555\"}}");
                using var answer = await _http.PostAsync(new Uri($"http://127.0.0.1:{_listen}{path}"), body);
                _verdict.Forged++;
                if (answer.StatusCode >= HttpStatusCode.InternalServerError)
                    _verdict.AnsweredByError++;
                else if (answer.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests))
                    _verdict.LetIn.Add($"a forged webhook was answered {(int)answer.StatusCode}");
            }
            catch (HttpRequestException)
            {
                // Not listening yet, or no longer.
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        }
    }
}
