namespace Pipeline.Dashboard.Charts;

/// <summary>
/// Counts durations in steps that grow by a third each: quantiles are right to a third, and a thousand of them cost as
/// much memory as one.
/// </summary>
internal sealed class LagSketch
{
    private const double Growth = 4.0 / 3;
    private const double Shortest = 0.01;
    private const int Steps = 64;

    private readonly int[] _counts = new int[Steps];

    /// <summary>Number of durations.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a duration in seconds.</summary>
    public void Add(double seconds)
    {
        var step = seconds <= Shortest ? 0 : (int)Math.Ceiling(Math.Log(seconds / Shortest) / Math.Log(Growth));
        _counts[Math.Clamp(step, 0, Steps - 1)]++;
        Count++;
    }

    /// <summary>Adds those of another one.</summary>
    public void Add(LagSketch other)
    {
        for (var i = 0; i < Steps; i++)
            _counts[i] += other._counts[i];
        Count += other.Count;
    }

    /// <summary>Removes all.</summary>
    public void Clear()
    {
        Array.Clear(_counts);
        Count = 0;
    }

    /// <summary>The duration in seconds that this share of them does not exceed; null without any.</summary>
    public double? Quantile(double share)
    {
        if (Count == 0)
            return null;
        var wanted = Math.Ceiling(share * Count);
        long seen = 0;
        for (var i = 0; i < Steps; i++)
            if ((seen += _counts[i]) >= wanted)
                return Shortest * Math.Pow(Growth, i);
        return Shortest * Math.Pow(Growth, Steps - 1);
    }
}
