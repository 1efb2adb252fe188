namespace Pipeline.Benchmarks;

/// <summary>
/// Two ways to do the same work, a slice of it by the one and then by the other, so that whatever else the machine does falls on both alike. It is processor
/// time that counts, all threads of this process.
/// </summary>
internal static class Paired
{
    // As long as the runtime compiles what is frequent anew, which counts as our processor time too.
    private const int MostWarmUpSeconds = 4;

    /// <summary>Does the work of all slices both ways <paramref name="rounds"/> times, after a while that is not counted.</summary>
    public static async Task<Comparison> RunAsync(int rounds, int slices, Func<int, Task> ours, Func<int, Task> theirs)
    {
        var runs = new List<(double Ours, double Theirs, double Garbage)>();
        var warmUp = TimeSpan.FromSeconds(Math.Min(rounds, MostWarmUpSeconds));
        for (var start = Environment.CpuUsage.TotalTime; runs.Count < rounds;)
        {
            var warm = Environment.CpuUsage.TotalTime - start > warmUp;
            (double Ours, double Theirs, double Garbage) sum = default;
            for (var slice = 0; slice < slices; slice++)
            {
                var (a, garbage) = await MeasureAsync(ours, slice);
                var (b, _) = await MeasureAsync(theirs, slice);
                sum = (sum.Ours + a, sum.Theirs + b, sum.Garbage + garbage);
            }

            if (warm)
                runs.Add(sum);
        }

        return new(Median(runs.Select(r => r.Ours)), Median(runs.Select(r => r.Theirs)), Median(runs.Select(r => r.Ours / r.Theirs)), Median(runs.Select(r => r.Garbage)));
    }

    private static async Task<(double Seconds, long Garbage)> MeasureAsync(Func<int, Task> work, int slice)
    {
        var (garbage, start) = (GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime);
        await work(slice);
        return ((Environment.CpuUsage.TotalTime - start).TotalSeconds, GC.GetTotalAllocatedBytes(precise: true) - garbage);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}

/// <summary>What came of it, medians of all rounds.</summary>
/// <param name="OurSeconds">Processor time of ours, all threads.</param>
/// <param name="TheirSeconds">Processor time of theirs.</param>
/// <param name="Ratio">Ours divided by theirs.</param>
/// <param name="OurGarbage">Bytes that ours allocated.</param>
internal sealed record Comparison(double OurSeconds, double TheirSeconds, double Ratio, double OurGarbage);
