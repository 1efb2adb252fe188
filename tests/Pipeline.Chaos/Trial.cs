namespace Pipeline.Chaos;

/// <summary>
/// Takes lists through the real command and a real emulator: interrupts the command as planned, then leaves it alone
/// until it ends, and audits the output.
/// </summary>
internal sealed class Trial : ITrial
{
    // Start-up time of a process that has a core to itself. On a slower start, all other limits grow in proportion.
    private static readonly TimeSpan UsualStart = TimeSpan.FromSeconds(0.8);
    private readonly Installation _installation;
    private readonly TrialPlan _plan;
    private readonly int _forged;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chaos-");
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly Verdict _verdict;
    private readonly Random _random;
    private readonly List<string> _urls = [];
    private readonly EmulatorServer _emulator;
    private readonly Azurite? _azurite;
    private TrialDisk? _disk;
    private Workers _workers = null!;
    private bool _isOutage;
    private bool _hasEnded;
    private double _slowness = 1;

    public Trial(Installation installation, TrialPlan plan, int forged)
    {
        (_installation, _plan, _forged, _verdict, _random) = (
            installation, plan, forged, new(plan) { Folder = _folder.FullName }, new(plan.Seed));
        _emulator = new(installation, _http, Path.Combine(_folder.FullName, "emulator"));
        _azurite = plan.IsOverAzure ? new(Path.Combine(_folder.FullName, "azurite")) : null;
        _isOutage = plan.Faults.IsOutage;
    }

    private TimeSpan Bound => TimeSpan.FromSeconds(90) * _slowness;

    public async Task<Verdict> RunAsync()
    {
        try
        {
            await RunToTheEndAsync();
        }
        catch (Exception problem)
        {
            _verdict.Stuck.Add($"the trial was aborted: {problem.Message} The emulator {_emulator.State}");
        }

        return _verdict;
    }

    private async Task RunToTheEndAsync()
    {
        await PrepareAsync();
        using var stop = new CancellationTokenSource();
        var forger = new Forger(_http, _emulator.Api, _workers.Port, _workers.KeyFile, _plan.Seed);
        // Forging goes on beyond the end: a worker that is shutting down must refuse forged webhooks too.
        var forging = _plan.Kind == TrialKind.Flooded
            ? forger.RunAsync(4, TimeSpan.Zero, stop.Token)
            : forger.RunAsync(1, TimeSpan.FromMilliseconds(30), stop.Token);
        for (var i = 0; i < _plan.Interruptions.Count; i++)
        {
            if (i == _plan.Faults.LiftedAfter)
                await EndOutageAsync();
            var backup = BackUpAsync(i);
            await StrikeAsync(_plan.Interruptions[i]);
            await backup;
            await RestoreAsync(i);
            // The command finished before all interruptions: another list keeps it busy.
            if (_hasEnded)
                await AddListAsync();
            _hasEnded = false;
        }

        await FinishAsync(forger);
        await stop.CancelAsync();
        await forging;
        _verdict.Forged = forger.Answered;
        _verdict.LetIn.AddRange(forger.LetIn);
        if (forger.AnsweredByError > 0)
            _verdict.LetIn.Add($"{forger.AnsweredByError} forged webhooks got an error instead of a refusal");
        await _emulator.SetFaultsAsync([]);
        await new Auditor(_http, _emulator.Api, _workers.Out, _urls).AuditAsync(_verdict);
        if (_azurite is not null)
            await new Consumer(_azurite.ConnectionString, _workers.Out).AuditAsync(_verdict);
    }

    public void Dispose()
    {
        _emulator.Dispose();
        _azurite?.Dispose();
        _disk?.Dispose();
        _http.Dispose();
        if (_verdict.IsClean)
            _folder.Delete(recursive: true);
    }

    /// <summary>Adds a list with pages of many sizes, some larger than any buffer of the records file.</summary>
    private async Task AddListAsync()
    {
        List<string> urls = [.. Enumerable.Range(_urls.Count + 1, _plan.Urls)
            .Select(
                i =>
                    $"http://sample.test/sample/generated/{i}?bytes="
                        + $"{(i % 15 == 0 ? _random.Next(150_000, 400_000) : _random.Next(200, 4000))}")];
        _urls.AddRange(urls);
        await _workers.AddListAsync(
            urls.Select((url, i) => _plan.Faults.HasRefusals
                && i % 9 == 4 ? (url, """, "formats": ["pdf"]""") : (url, "")));
    }

    private async Task PrepareAsync()
    {
        if (_plan.Kind == TrialKind.SmallDisk)
            _disk = await TrialDisk.MountAsync(Path.Combine(_folder.FullName, "disk"));
        _workers = new(_installation, _plan, _folder.FullName, _emulator.Api, _disk, _azurite);
        var began = TimeProvider.System.GetTimestamp();
        await _emulator.StartAsync(_plan.Faults.Text);
        _slowness = Math.Clamp(TimeProvider.System.GetElapsedTime(began) / UsualStart, 1, 6);
        // A process starts more slowly in its own namespace, or with every read of the clock intercepted.
        if (_plan.Kind is TrialKind.SmallDisk or TrialKind.Clock)
            _slowness *= 2.5;
        if (_azurite is not null)
            await _azurite.StartAsync();
        using (await _http.PutAsync(new Uri(_emulator.Api, "s3/results"), null))
        {
        }

        await AddListAsync();
    }

    /// <summary>Backs up the state at a random moment of the next interruption.</summary>
    private async Task BackUpAsync(int round)
    {
        if (!_plan.IsRestored || round % 3 != 1)
            return;
        await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(1500)) * _slowness, TimeProvider.System);
        await _workers.KeepAsync("backup", "--replace", "--to");
    }

    /// <summary>
    /// Brings the last backup back, which is older than what was posted since. Half of the time, a first attempt is
    /// killed.
    /// </summary>
    private async Task RestoreAsync(int round)
    {
        if (!_plan.IsRestored || round % 3 != 2)
            return;
        string[] restore = ["restore", "--replace", "--from"];
        if (_random.Next(2) == 0)
            await _workers.KillKeepingAsync(TimeSpan.FromMilliseconds(_random.Next(300, 2500)) * _slowness, restore);
        if (await _workers.KeepAsync(restore))
            _verdict.Restores++;
    }

    private async Task EndOutageAsync()
    {
        if (!_isOutage)
            return;
        await _emulator.SetFaultsAsync(_plan.Faults.WithoutOutage);
        _isOutage = false;
    }

    private async Task StrikeAsync(Interruption blow)
    {
        var patience = TimeSpan.FromSeconds(5) * _slowness;
        blow = blow with { After = blow.After * _slowness };
        var one = Start(
            blow.Blow == Blow.Freeze ? (blow.At is null ? null : blow.At + ":stop") : blow.At, blow.DaysOff);
        using (one.Watch)
        using (one.Child)
            switch (blow.Blow)
            {
                case Blow.Boundary:
                    await one.Child.WaitAsync(patience);
                    await EndAsync(one, blow.At, "any time");
                    break;
                case Blow.AnyTime:
                    await one.Child.WaitAsync(blow.After);
                    await EndAsync(one, null, "any time");
                    break;
                case Blow.Emulator:
                    await KillEmulatorAsync(one.Child, blow.After);
                    await EndAsync(one, null, "the emulator's kill", tolerant: true);
                    break;
                case Blow.Outage:
                    await OutageAsync(one.Child, blow.After);
                    await EndAsync(one, null, _disk is null ? "Azurite's restart" : "disk full", tolerant: true);
                    break;
                case Blow.Two:
                    using (var other = Start(blow.Other, isSecond: true))
                    {
                        await Task.WhenAll(one.Child.WaitAsync(patience), other.Child.WaitAsync(patience));
                        await EndAsync(one, blow.At, "two workers");
                        await EndAsync(other, blow.Other, "two workers");
                    }

                    break;
                case Blow.Freeze:
                    await FreezeAsync(one, blow);
                    break;
            }
    }

    /// <summary>Freezes a process, lets another take over its state, then resumes the first one.</summary>
    private async Task FreezeAsync(Worker stale, Interruption blow)
    {
        if (blow.At is null || !await stale.Child.WaitUntilStoppedAsync(TimeSpan.FromSeconds(4) * _slowness))
        {
            await stale.Child.WaitAsync(blow.At is null ? blow.After : TimeSpan.Zero);
            await stale.Child.SignalAsync("STOP");
        }

        using var second = Start(null, isSecond: true);
        // Longer than any lease.
        await second.Child.WaitAsync(TimeSpan.FromSeconds(4));
        await stale.Child.SignalAsync("CONT");
        await stale.Child.WaitAsync(TimeSpan.FromSeconds(1.5) * _slowness);
        _verdict.Freezes++;
        await EndAsync(stale, null, "a freeze");
        await EndAsync(second, null, "a freeze");
    }

    private async Task KillEmulatorAsync(Child worker, TimeSpan after)
    {
        await worker.WaitAsync(after);
        await _emulator.KillAsync();
        _verdict.EmulatorKills++;
        await worker.WaitAsync(after / 4);
        await _emulator.StartAsync(_isOutage ? _plan.Faults.Text : _plan.Faults.TextWithoutOutage);
        await worker.WaitAsync(after);
    }

    private async Task OutageAsync(Child worker, TimeSpan after)
    {
        await worker.WaitAsync(after);
        _verdict.Outages++;
        if (_azurite is not null)
        {
            await _azurite.StopAsync();
            await worker.WaitAsync(after / 2);
            await _azurite.StartAsync();
            await worker.WaitAsync(after);
            return;
        }

        _disk!.Fill();
        await worker.WaitAsync(after);
        // Half of the time, the command continues by itself once there is space again.
        if (after.Milliseconds % 2 == 0)
        {
            _disk.Free();
            await worker.WaitAsync(after);
        }
    }

    /// <summary>Ends a worker that still runs and records how it ended.</summary>
    /// <param name="worker">The worker.</param>
    /// <param name="at">The boundary at which it was to kill itself.</param>
    /// <param name="otherwise">Name of the kill if it did not.</param>
    /// <param name="tolerant">Whether it may end with an error, because something that it needs was gone.</param>
    private async Task EndAsync(Worker worker, string? at, string otherwise, bool tolerant = false)
    {
        var byItself = worker.Child.HasEnded;
        var killed = byItself ? worker.Child.WasKilled : await worker.Child.KillAsync();
        if (_disk is not null)
            _disk.Free();
        worker.Note(_verdict);
        if (killed)
        {
            _verdict.Kills.Add(byItself ? at!.Split(':')[0] : otherwise);
            return;
        }

        var exitCode = await worker.Child.WaitAsync(Bound);
        if (exitCode is 0 or 3)
            _hasEnded = true;
        else if (!tolerant && !_isOutage)
            _verdict.Stuck.Add(
                $"ended with exit code {exitCode}. {worker.Child.LastWords} The emulator {_emulator.State}");
    }

    /// <summary>Starts the command for the last time, without further interruptions.</summary>
    private async Task FinishAsync(Forger forger)
    {
        using var last = Start(null, _plan.LastDaysOff);
        using var beside = _plan.TwoAtLast ? Start(null, isSecond: true) : null;
        if (_isOutage)
        {
            await last.Child.WaitAsync(TimeSpan.FromSeconds(2));
            await EndOutageAsync();
        }

        if (_plan.Kind == TrialKind.Flooded)
            await StopServingAsync(last, forger);
        foreach (var worker in new[] { last, beside }.OfType<Worker>())
        {
            var exitCode = await worker.Child.WaitAsync(Bound);
            if (exitCode is not (0 or 3))
                _verdict.Stuck.Add(
                    exitCode is null
                        ? $"not ended after {Bound.TotalSeconds} s. {worker.Child.LastWords}"
                        : $"ended with exit code {exitCode}. {worker.Child.LastWords}");
        }

        last.Note(_verdict, hasEnded: true);
    }

    /// <summary>Stops a serving command once all lists have ended, while webhooks still arrive.</summary>
    private async Task StopServingAsync(Worker server, Forger forger)
    {
        for (var left = Bound; left > TimeSpan.Zero && !server.Child.HasEnded; left -= TimeSpan.FromMilliseconds(100))
        {
            if (server.Child.LineThatBegins("Serving") is not null
                && Auditor.InputsOfManifest(_workers.Out) == _urls.Count && forger.Answered >= _forged)
                break;
            await server.Child.WaitAsync(TimeSpan.FromMilliseconds(100));
        }

        await server.Child.SignalAsync("TERM");
    }

    private Worker Start(string? crashAt, int daysOff = 0, bool isSecond = false)
    {
        var child = _workers.Start(crashAt, daysOff, isSecond);
        return new(child, new(_workers.Out, child.Started), _verdict.Kills.LastOrDefault());
    }

    /// <summary>A process of the command, with the time of its first outcome.</summary>
    /// <param name="Child">The process.</param>
    /// <param name="Watch">Watches its output.</param>
    /// <param name="After">The kill that it recovers from; null for none.</param>
    private sealed record Worker(Child Child, OutputWatch Watch, string? After) : IDisposable
    {
        public void Note(Verdict verdict, bool hasEnded = false)
        {
            if (After is not null)
                verdict.Recoveries.Add(
                    new(After, Watch.First, hasEnded ? TimeProvider.System.GetElapsedTime(Child.Started) : null));
        }

        public void Dispose()
        {
            Watch.Dispose();
            Child.Dispose();
        }
    }
}
