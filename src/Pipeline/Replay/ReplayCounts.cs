namespace Pipeline.Replay;

/// <summary>What a replay set going.</summary>
/// <param name="Resubmitted">Inputs that are posted again, and may be billed again.</param>
/// <param name="Recollected">Inputs whose results are read again.</param>
/// <param name="Found">Inputs of submissions that turned out to be accepted.</param>
/// <param name="Left">Inputs that only posting them again could help.</param>
internal sealed record ReplayCounts(int Resubmitted, int Recollected, int Found, int Left)
{
    /// <summary>Nothing set going.</summary>
    public static readonly ReplayCounts None = new(0, 0, 0, 0);

    /// <summary>Inputs with which nothing could be done now; the same command tries them again.</summary>
    public int Undone { get; init; }

    /// <summary>Why, for the first of them.</summary>
    public string? Problem { get; init; }

    public static ReplayCounts operator +(ReplayCounts a, ReplayCounts b) =>
        new(a.Resubmitted + b.Resubmitted, a.Recollected + b.Recollected, a.Found + b.Found, a.Left + b.Left)
        {
            Undone = a.Undone + b.Undone,
            Problem = a.Problem ?? b.Problem,
        };
}
