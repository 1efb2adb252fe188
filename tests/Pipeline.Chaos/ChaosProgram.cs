namespace Pipeline.Chaos;

/// <summary>Runs trials, audits each, and reports broken promises.</summary>
internal static class ChaosProgram
{
    /// <summary>Runs the suite.</summary>
    /// <returns>
    /// 0 if no promise was broken and, with <c>--long</c>, every boundary, fault and kind of trial occurred; otherwise
    /// 1; 2 for invalid arguments.
    /// </returns>
    public static async Task<int> RunAsync(string[] args)
    {
        if (ChaosOptions.Parse(args) is not { } options)
        {
            Console.Error.WriteLine(ChaosOptions.Usage);
            return 2;
        }

        foreach (var kind in Enum.GetValues<TrialKind>())
            if (Installation.Lacks(kind) is { } lack)
                Console.Error.WriteLine($"Trials of kind {kind} are skipped: {lack}.");
        var started = TimeProvider.System.GetTimestamp();
        TimeSpan Elapsed() => TimeProvider.System.GetElapsedTime(started);
        var installation = new Installation(options.Command);
        var verdicts = new List<Verdict>();
        var alone = new List<TrialPlan>();
        await Parallel.ForEachAsync(
            Plans(options, Elapsed, verdicts), new ParallelOptions { MaxDegreeOfParallelism = options.Parallel },
            async (plan, _) =>
        {
            if (plan.Kind != TrialKind.Hostile)
                await RunTrialAsync(plan);
            else
                lock (alone)
                    alone.Add(plan);
        });
        // They compare durations, so no other trial may run beside them.
        foreach (var plan in alone)
            await RunTrialAsync(plan);
        var report = new Report(options, verdicts, Elapsed());
        var text = report.Write();
        Console.Out.Write(text);
        if (options.Report is { } path)
            await File.WriteAllTextAsync(path, text);
        return verdicts.All(v => v.IsClean) && (!options.IsComplete || report.Holes.Count == 0) ? 0 : 1;

        async Task RunTrialAsync(TrialPlan plan)
        {
            var began = Elapsed();
            using ITrial trial = plan.Kind == TrialKind.Hostile
                ? new HostileTrial(installation, plan)
                : new Trial(installation, plan, options.Forged);
            var verdict = await trial.RunAsync();
            verdict.Took = Elapsed() - began;
            lock (verdicts)
                verdicts.Add(verdict);
            Console.Error.WriteLine(verdict.Describe());
        }
    }

    private static IEnumerable<TrialPlan> Plans(ChaosOptions options, Func<TimeSpan> elapsed, List<Verdict> verdicts)
    {
        for (var i = 0; i < options.Runs && elapsed() < options.Limit; i++)
        {
            lock (verdicts)
                if (verdicts.Sum(v => v.Kills.Count) >= options.Kills)
                    yield break;
            var plan = TrialPlan.Draw(options.Seed + i, options.Kind);
            if (options.Faults is { } faults)
                plan = plan with { Faults = FaultPlan.Parse(faults) };
            if (Installation.Lacks(plan.Kind) is null)
                yield return plan;
        }
    }
}
