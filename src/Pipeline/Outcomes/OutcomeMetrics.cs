using Pipeline.Diagnostics;
using Pipeline.Model;

namespace Pipeline.Outcomes;

/// <summary>Measures outcomes when they are written to the ledger, so that each counts once.</summary>
internal static class OutcomeMetrics
{
    /// <summary>Measures records that were just stored.</summary>
    public static void Count(SubmissionEntry submission, IEnumerable<CollectedRecord> stored, DateTimeOffset now)
    {
        foreach (var (message, bytes) in stored.Select(record => (record.Message, record.Record.Bytes)))
        {
            PipelineMetrics.CountRecordBytes(bytes);
            PipelineMetrics.MeasureLag("collect", now - message.Since);
            if (message.DiscoveredBy == DiscoveredBy.Webhook && submission.AcceptedAt is { } acceptedAt)
                PipelineMetrics.MeasureLag("hint", message.Since - acceptedAt);
        }
    }

    /// <summary>Counts inputs that were just written.</summary>
    public static void Count(SubmissionEntry submission, IEnumerable<InputEntry> written)
    {
        foreach (var input in written)
        {
            if (input.State == InputState.Recorded)
                PipelineMetrics.CountRecord(input.HttpStatus, input.DiscoveredBy.ToString().ToLowerInvariant());
            else if (input.State == InputState.Failed)
                PipelineMetrics.CountFailure(
                    input.Reason ?? FailureReasons.Internal, input.DiscoveredBy.ToString().ToLowerInvariant());
            if (input.FinishedAt is { } finishedAt && submission.AcceptedAt is { } acceptedAt)
                PipelineMetrics.MeasureLag("result", finishedAt - acceptedAt);
        }
    }
}
