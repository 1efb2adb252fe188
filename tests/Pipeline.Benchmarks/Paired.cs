using System.Diagnostics;

namespace Pipeline.Benchmarks;

/// <summary>
/// Compares two ways to do the same work. It alternates slice by slice, so that other load on the machine affects both
/// alike, and measures processor time of all threads of this process, and elapsed time.
/// </summary>
internal static class Paired
{
    // While the runtime recompiles hot methods, the JIT's processor time would count as ours.
    private const int MostWarmUpSeconds = 4;

    /// <summary>
    /// Runs all slices both ways <paramref name="rounds"/> times, after a warm-up that is not counted.
    /// </summary>
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
            Median(runs.Select(r => r.Ours.Seconds)), Median(runs.Select(r => r.Theirs.Seconds)), Median(
                runs.Select(r => r.Ours.Seconds / r.Theirs.Seconds)),
            Median(runs.Select(r => r.Ours.Clock / r.Theirs.Clock)), Median(runs.Select(r => r.Ours.Garbage)));
    }

    private static async Task<Cost> MeasureAsync(Func<int, Task> work, int slice)
    {
        var (garbage, start, clock) = (
            GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        await work(slice);
        return new(
            (Environment.CpuUsage.TotalTime - start).TotalSeconds, Stopwatch.GetElapsedTime(clock).TotalSeconds,
            GC.GetTotalAllocatedBytes(precise: true) - garbage);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private readonly record struct Cost(double Seconds, double Clock, double Garbage)
    {
        public static Cost operator +(Cost a, Cost b) =>
            new(a.Seconds + b.Seconds, a.Clock + b.Clock, a.Garbage + b.Garbage);
    }
}

/// <summary>The result of a comparison, medians of all rounds.</summary>
/// <param name="OurSeconds">Our processor time, all threads, seconds.</param>
/// <param name="TheirSeconds">Their processor time, all threads, seconds.</param>
/// <param name="Ratio">Our processor time divided by theirs.</param>
/// <param name="ClockRatio">Our elapsed time divided by theirs.</param>
/// <param name="OurGarbage">Bytes that we allocated.</param>
internal sealed record Comparison(
    double OurSeconds, double TheirSeconds, double Ratio, double ClockRatio, double OurGarbage);
