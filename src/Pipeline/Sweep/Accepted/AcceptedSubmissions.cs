using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Sweep.Accepted;

/// <summary>
/// Checks an accepted submission: closes it if every input has its outcome, gives up inputs whose tasks have expired,
/// and otherwise asks the API for its progress.
/// </summary>
internal sealed partial class AcceptedSubmissions(
    ILedger ledger,
    OutcomeRecorder outcomes,
    OtherTasks others,
    SubmissionPoller poller,
    ExpiredSubmissions expired,
    SubmissionCloser closer,
    ILogger<AcceptedSubmissions> logger)
{
    /// <summary>Checks once.</summary>
    public async Task LookAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var inputs = await GetInputsAsync(submission, cancellationToken);
        var waiting = inputs.Where(i => i.State == InputState.Waiting).ToList();
        if (waiting.Count == 0 && await others.MaySucceedAsync(submission, inputs, cancellationToken))
            await poller.PostponeAsync(submission, cancellationToken);
        else if (waiting.Count == 0)
            await closer.CloseAsync(submission, inputs, cancellationToken);
        else if (!await expired.TryExpireAsync(submission, inputs, waiting, cancellationToken))
            await poller.PollAsync(submission, inputs, cancellationToken);
    }

    /// <summary>
    /// Reads the inputs. No input of an accepted submission can have failed because its acceptance was unknown: Sweep
    /// gave such an input up, or its list was cancelled, just as a webhook brought the proof. It waits again.
    /// </summary>
    private async Task<IReadOnlyList<InputEntry>> GetInputsAsync(
        SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        var wrong = inputs
            .Where(i => i is
            {
                State: InputState.Failed, Reason: FailureReasons.SubmissionUnknown or FailureReasons.Cancelled
            })
            .ToList();
        if (wrong.Count == 0)
            return inputs;
        LogWaitAgain(wrong.Count, submission.SubmissionId);
        await outcomes.TakeBackAsync(submission, wrong, cancellationToken);
        return await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Submission {SubmissionId} proved to be accepted just as some of its inputs were given up "
            + "({Inputs}). They wait for their results again.")]
    private partial void LogWaitAgain(int inputs, string submissionId);
}
