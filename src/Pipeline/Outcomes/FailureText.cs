using System.Text.Json;
using Pipeline.Json;
using Pipeline.Model;

namespace Pipeline.Outcomes;

/// <summary>Reads failures from the JSON that the ledger stores.</summary>
internal static class FailureText
{
    /// <summary>
    /// Reads the failure of an input. If its JSON is unreadable, builds a failure from the ledger row, so that one bad
    /// row does not hide the others.
    /// </summary>
    public static Failure Read(InputEntry input)
    {
        try
        {
            if (input.Failure is { } json
                && JsonSerializer.Deserialize(json, PipelineJson.Plain.Failure) is { } failure)
                return failure;
        }
        catch (JsonException)
        {
        }

        var (described, text) = EffectiveInput.Describe("{}", input);
        return new()
        {
            Id = input.Id,
            ListId = SubmissionIds.ListOf(input.SubmissionId),
            SubmissionId = input.SubmissionId,
            TaskId = input.TaskId,
            Url = input.Url,
            Input = described,
            InputText = text,
            Line = input.Line,
            Stage = "sweep",
            Reason = input.Reason ?? FailureReasons.Internal,
            Message = "The ledger's details of this failure are unreadable; only its reason is known. "
                + "docs/record.md says what to do about each reason.",
            Attempts = 1,
            LastAttemptAt = input.FinishedAt ?? default,
            Retryable = FailureRemedies.Of(input.Reason).IsRetryable ?? true,
        };
    }
}
