using Pipeline.Diagnostics;
using Pipeline.Model;

namespace Pipeline.Outcomes;

/// <summary>Measures outcomes at the moment at which the ledger has them, so that each counts once.</summary>
internal static class OutcomeMetrics
{
    /// <summary>Counts inputs that were just written.</summary>
    public static void Count(SubmissionEntry submission, IEnumerable<InputEntry> written)
    {
        foreach (var input in written)
        {
            if (input.State == InputState.Recorded)
                PipelineMetrics.CountRecord(input.HttpStatus, input.DiscoveredBy.ToString().ToLowerInvariant());
            else if (input.State == InputState.Failed)
                PipelineMetrics.CountFailure(input.Reason ?? FailureReasons.Internal);
            if (input.FinishedAt is { } finishedAt && submission.AcceptedAt is { } acceptedAt)
                PipelineMetrics.MeasureLag("result", finishedAt - acceptedAt);
        }
    }
}
