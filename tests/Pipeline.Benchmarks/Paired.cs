using System.Diagnostics;

namespace Pipeline.Benchmarks;

/// <summary>Runs two ways of doing the same in turn and compares their processor time pair by pair, so that a machine whose speed drifts does not decide.</summary>
internal static class Paired
{
    /// <summary>Runs both <paramref name="rounds"/> times after one run that is not counted.</summary>
    public static async Task<Comparison> RunAsync(int rounds, Func<Task> ours, Func<Task> theirs)
    {
        await ours();
        await theirs();
        var runs = new List<(double Ours, double Theirs, long Garbage)>();
        for (var i = 0; i < rounds; i++)
        {
            var (a, garbage) = await MeasureAsync(ours);
            var (b, _) = await MeasureAsync(theirs);
            runs.Add((a, b, garbage));
        }

        return new(Median(runs.Select(r => r.Ours)), Median(runs.Select(r => r.Theirs)), Median(runs.Select(r => r.Ours / r.Theirs)), Median(runs.Select(r => (double)r.Garbage)));
    }

    private static async Task<(double Seconds, long Garbage)> MeasureAsync(Func<Task> work)
    {
        using var process = Process.GetCurrentProcess();
        var garbage = GC.GetTotalAllocatedBytes(precise: true);
        var start = process.TotalProcessorTime;
        await work();
        process.Refresh();
        return ((process.TotalProcessorTime - start).TotalSeconds, GC.GetTotalAllocatedBytes(precise: true) - garbage);
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
