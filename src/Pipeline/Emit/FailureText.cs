using System.Text.Json;
using Pipeline.Ledger;

namespace Pipeline.Emit;

/// <summary>A failure as the ledger keeps it.</summary>
internal static class FailureText
{
    /// <summary>Reads the failure of an input. What cannot be read any more is described by the row: one such row must not hide the others.</summary>
    public static Failure Read(InputEntry input)
    {
        try
        {
            if (input.Failure is { } json && JsonSerializer.Deserialize(json, PipelineJson.Plain.Failure) is { } failure)
                return failure;
        }
        catch (JsonException)
        {
        }

        return new()
        {
            Id = input.Id,
            ListId = SubmissionIds.ListOf(input.SubmissionId),
            SubmissionId = input.SubmissionId,
            TaskId = input.TaskId,
            Url = input.Url,
            Input = EffectiveInput.Describe("{}", input),
            Line = input.Line,
            Stage = "sweep",
            Reason = input.Reason ?? FailureReasons.Internal,
            Message = "The ledger's description of this failure cannot be read.",
            Attempts = 1,
            LastAttemptAt = input.FinishedAt ?? default,
            Retryable = FailureRemedies.Of(input.Reason).IsRetryable ?? true,
        };
    }
}
