using System.Diagnostics;

namespace Pipeline.Benchmarks;

/// <summary>
/// Two ways to do the same work, a slice of it by the one and then by the other, so that whatever else the machine does falls on both alike. What counts is
/// processor time, all threads of this process, and beside it the clock.
/// </summary>
internal static class Paired
{
    // As long as the runtime compiles what is frequent anew, which counts as our processor time too.
    private const int MostWarmUpSeconds = 4;

    /// <summary>Does the work of all slices both ways <paramref name="rounds"/> times, after a while that is not counted.</summary>
    public static async Task<Comparison> RunAsync(int rounds, int slices, Func<int, Task> ours, Func<int, Task> theirs)
    {
        var runs = new List<(Cost Ours, Cost Theirs)>();
        var warmUp = TimeSpan.FromSeconds(Math.Min(rounds, MostWarmUpSeconds));
        for (var start = Environment.CpuUsage.TotalTime; runs.Count < rounds;)
        {
            var warm = Environment.CpuUsage.TotalTime - start > warmUp;
            (Cost Ours, Cost Theirs) sum = default;
            for (var slice = 0; slice < slices; slice++)
                sum = (sum.Ours + await MeasureAsync(ours, slice), sum.Theirs + await MeasureAsync(theirs, slice));
            if (warm)
                runs.Add(sum);
        }

        return new(
            Median(runs.Select(r => r.Ours.Seconds)), Median(runs.Select(r => r.Theirs.Seconds)), Median(runs.Select(r => r.Ours.Seconds / r.Theirs.Seconds)),
            Median(runs.Select(r => r.Ours.Clock / r.Theirs.Clock)), Median(runs.Select(r => r.Ours.Garbage)));
    }

    private static async Task<Cost> MeasureAsync(Func<int, Task> work, int slice)
    {
        var (garbage, start, clock) = (GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        await work(slice);
        return new((Environment.CpuUsage.TotalTime - start).TotalSeconds, Stopwatch.GetElapsedTime(clock).TotalSeconds, GC.GetTotalAllocatedBytes(precise: true) - garbage);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private readonly record struct Cost(double Seconds, double Clock, double Garbage)
    {
        public static Cost operator +(Cost a, Cost b) => new(a.Seconds + b.Seconds, a.Clock + b.Clock, a.Garbage + b.Garbage);
    }
}

/// <summary>What came of it, medians of all rounds.</summary>
/// <param name="OurSeconds">Processor time of ours, all threads.</param>
/// <param name="TheirSeconds">Processor time of theirs.</param>
/// <param name="Ratio">Ours divided by theirs.</param>
/// <param name="ClockRatio">The same by the clock.</param>
/// <param name="OurGarbage">Bytes that ours allocated.</param>
internal sealed record Comparison(double OurSeconds, double TheirSeconds, double Ratio, double ClockRatio, double OurGarbage);
