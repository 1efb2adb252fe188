namespace Pipeline.Functions;

/// <summary>
/// Time limits of the functions. All are shorter than <c>functionTimeout</c> in host.json, because at that limit the
/// host kills the whole worker.
/// </summary>
internal static class StageTimeLimits
{
    /// <summary>Enough for a list of two million lines: about 20,000 sequential table transactions.</summary>
    public static readonly TimeSpan Intake = TimeSpan.FromMinutes(25);

    /// <summary>
    /// Longer than the timeout of the POST. Together with <see cref="Intake"/>, which comes first, still shorter than
    /// the host's limit.
    /// </summary>
    public static readonly TimeSpan PostAfterIntake = TimeSpan.FromMinutes(4);

    /// <summary>Longer than the timeout of the POST plus the ledger writes around it.</summary>
    public static readonly TimeSpan Submit = TimeSpan.FromMinutes(5);

    /// <summary>Enough for the largest object over a slow connection, with resumed reads.</summary>
    public static readonly TimeSpan Collect = TimeSpan.FromMinutes(15);

    /// <summary>Longer than the timeout of the POST plus the queue writes after it.</summary>
    public static readonly TimeSpan Notify = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Enough for one file of an export and the results that it holds; the next file is another message.
    /// </summary>
    public static readonly TimeSpan Export = TimeSpan.FromMinutes(20);

    /// <summary>The next run continues with what one run does not complete.</summary>
    public static readonly TimeSpan Sweep = TimeSpan.FromMinutes(10);
}
