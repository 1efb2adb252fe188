namespace Pipeline.Chaos;

/// <summary>Runs trials from a seed, audits each, and says how many promises were broken.</summary>
internal static class ChaosProgram
{
    /// <summary>Runs it.</summary>
    /// <returns>0: nothing was lost, duplicated, damaged, double-posted, stuck or let in; 1: something was; 2: wrong usage.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        if (ChaosOptions.Parse(args) is not { } options)
        {
            Console.Error.WriteLine(ChaosOptions.Usage);
            return 2;
        }

        var started = TimeProvider.System.GetTimestamp();
        TimeSpan Elapsed() => TimeProvider.System.GetElapsedTime(started);
        var verdicts = new List<Verdict>();
        await Parallel.ForEachAsync(Seeds(options, Elapsed, verdicts), new ParallelOptions { MaxDegreeOfParallelism = options.Parallel }, async (seed, _) =>
        {
            var plan = TrialPlan.Draw(seed);
            using var trial = new Trial(plan);
            var verdict = await trial.RunAsync();
            lock (verdicts)
                verdicts.Add(verdict);
            Console.Error.WriteLine(verdict.Describe());
        });
        var report = Report.Write(options, verdicts, Elapsed());
        Console.Out.Write(report);
        if (options.Report is { } path)
            await File.WriteAllTextAsync(path, report);
        return verdicts.All(v => v.IsClean) ? 0 : 1;
    }

    private static IEnumerable<int> Seeds(ChaosOptions options, Func<TimeSpan> elapsed, List<Verdict> verdicts)
    {
        for (var i = 0; i < options.Runs && elapsed() < options.Limit; i++)
        {
            lock (verdicts)
                if (verdicts.Sum(v => v.Kills) >= options.Kills)
                    yield break;
            yield return options.Seed + i;
        }
    }
}
