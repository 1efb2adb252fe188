namespace Pipeline.Replay;

/// <summary>The progress of a replay.</summary>
/// <param name="Done">Number of submissions that it has checked.</param>
/// <param name="Of">Number of submissions that it will check.</param>
/// <param name="Counts">What it has started so far.</param>
internal sealed record ReplayProgress(int Done, int Of, ReplayCounts Counts);

/// <summary>What a replay started.</summary>
/// <param name="Resubmitted">Number of inputs posted again, which may be billed again.</param>
/// <param name="Recollected">Number of inputs whose results are read again.</param>
/// <param name="Found">Number of inputs in submissions that turned out to be accepted.</param>
/// <param name="Left">Number of inputs that only a new POST could help.</param>
internal sealed record ReplayCounts(int Resubmitted, int Recollected, int Found, int Left)
{
    /// <summary>Nothing started.</summary>
    public static readonly ReplayCounts None = new(0, 0, 0, 0);

    /// <summary>Number of inputs that could not be replayed now; the same command tries again.</summary>
    public int Undone { get; init; }

    /// <summary>Why the first of them could not be replayed.</summary>
    public string? Problem { get; init; }

    public static ReplayCounts operator +(ReplayCounts a, ReplayCounts b) =>
        new(a.Resubmitted + b.Resubmitted, a.Recollected + b.Recollected, a.Found + b.Found, a.Left + b.Left)
        {
            Undone = a.Undone + b.Undone,
            Problem = a.Problem ?? b.Problem,
        };
}
