using Pipeline.Replay;

namespace Pipeline.Dashboard.Acting;

/// <summary>Reports a replay as the progress of an action.</summary>
internal sealed class ReplayReport(IProgress<BulkProgress> action) : IProgress<ReplayProgress>
{
    /// <inheritdoc/>
    public void Report(ReplayProgress value) =>
        action.Report(new(value.Done, value.Of, "submission", Describe(value.Counts)));

    /// <summary>What a replay did, in a sentence for people.</summary>
    public static string Describe(ReplayCounts counts) => counts == ReplayCounts.None
        ? "There was nothing to do."
        : $"Posted again: {counts.Resubmitted:N0}. Read again: {counts.Recollected:N0}. "
            + $"Found accepted: {counts.Found:N0}. Left: {counts.Left + counts.Undone:N0}."
            + (counts.Left > 0 ? " Those left can only be posted again, which costs." : "")
            + (counts.Problem is { } problem ? $" {problem}" : "");
}
