using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pipeline.Intake;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Submit;

namespace Pipeline.Functions.Messages;

/// <summary>
/// Posts the only submission of a list in the invocation of Intake. An idle app polls each queue at long intervals, so
/// this saves a small list one of three waits.
/// </summary>
internal sealed partial class SmallListPoster(
    SubmitStage submit, MessageRunner runner, ILogger<SmallListPoster> logger)
{
    /// <summary>Delay of the submission's message, in case this class does not post the submission.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Posts what Intake handed over, if anything. Never fails: the list is planned, and the submission's message is in
    /// its queue.
    /// </summary>
    public async Task PostAsync(HandOver handOver, CancellationToken stopping)
    {
        if (handOver.SubmissionId is not { } submission)
            return;
        var message = JsonSerializer.SerializeToUtf8Bytes(
            new SubmissionMessage(submission, Activity.Current?.Id), PipelineJson.Plain.SubmissionMessage);
        try
        {
            await runner.WithinAsync(
                StageTimeLimits.PostAfterIntake, token => submit.HandleAsync(message, token), stopping);
        }
        catch (Exception error)
        {
            LogLeft(error, submission, Grace.TotalSeconds);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Submission {SubmissionId} was not posted right after Intake. "
            + "Its message arrives within {Seconds} s.")]
    private partial void LogLeft(Exception error, string submissionId, double seconds);
}
