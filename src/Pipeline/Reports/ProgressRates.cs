using System.Collections.Concurrent;

namespace Pipeline.Reports;

/// <summary>
/// Measures how fast lists progress, from what this process has seen of them in the last minutes. For a list that it
/// sees for the first time, the rate is the mean over the list's life.
/// </summary>
internal sealed class ProgressRates(TimeProvider time)
{
    private const int MaxLists = 1000;
    private const int MaxSamples = 60;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Queue<Sample>> _lists = new(StringComparer.Ordinal);

    /// <summary>Records the number of outcomes of a list. Returns its rate a minute; null while unknown.</summary>
    public double? Measure(string listId, long finished, DateTimeOffset createdAt)
    {
        var now = time.GetUtcNow();
        if (_lists.Count > MaxLists && !_lists.ContainsKey(listId))
            _lists.Clear();
        var samples = _lists.GetOrAdd(listId, _ => new());
        lock (samples)
        {
            while (samples.TryPeek(out var old) && (old.At < now - Window || old.Finished > finished))
                samples.Dequeue();
            if (samples.Count == 0 || (now - samples.Last().At >= Step && samples.Count < MaxSamples))
                samples.Enqueue(new(now, finished));
            var first = samples.Peek();
            return now - first.At >= Step
                ? PerMinute(finished - first.Finished, now - first.At)
                : PerMinute(finished, now - createdAt);
        }
    }

    private static double? PerMinute(long outcomes, TimeSpan took) =>
        outcomes <= 0 || took <= TimeSpan.Zero ? null : outcomes / took.TotalMinutes;

    private sealed record Sample(DateTimeOffset At, long Finished);
}
