namespace Pipeline.Functions;

/// <summary>How long each function may take; all below <c>functionTimeout</c> in host.json, at which the host kills the whole worker.</summary>
internal static class TimeLimits
{
    /// <summary>A list of two million lines is some 20,000 table transactions one after the other.</summary>
    public static readonly TimeSpan Intake = TimeSpan.FromMinutes(25);

    /// <summary>Longer than the POST's own time-out and the writes around it.</summary>
    public static readonly TimeSpan Submit = TimeSpan.FromMinutes(5);

    /// <summary>The largest object over a slow line, with resumed reads.</summary>
    public static readonly TimeSpan Collect = TimeSpan.FromMinutes(15);

    /// <summary>What one round does not reach, the next one does.</summary>
    public static readonly TimeSpan Sweep = TimeSpan.FromMinutes(10);
}
