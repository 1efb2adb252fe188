using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Submit;

/// <summary>Lets planned submissions wait, says in the ledger for what, and ends those that are not to be posted.</summary>
internal sealed partial class SubmissionHolds(ILedger ledger, IWorkQueue queue, OutcomeRecorder outcomes, IOptions<PipelineOptions> options, TimeProvider time, ILogger<SubmissionHolds> logger)
{
    // However long the wait, settings may have changed and been read anew by the next look.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    // By which workers' clocks may differ, and a message may come before its time.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Sends the message again for later, unless another copy of it has done so, now or before: copies must not multiply while submission is paused. Who has
    /// waited for Nimble's budget or a key for too long is ended.
    /// </summary>
    public async Task WaitAsync(SubmissionEntry planned, HoldReason hold, string? reason, TimeSpan delay, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        DateTimeOffset? since = hold == HoldReason.None ? null : planned.Hold == hold ? planned.HeldSince ?? now : now;
        var window = options.Value.Nimble.RefusedWindow;
        if (hold is HoldReason.NimbleBudget or HoldReason.ApiKey && now - since >= window)
        {
            await EndAsync(planned, await ledger.GetInputsAsync(planned.SubmissionId, cancellationToken), new("submit",
                hold == HoldReason.ApiKey ? FailureReasons.AccessDenied : FailureReasons.BudgetExhausted,
                $"It was not submitted within {window}: {reason}"), cancellationToken);
            return;
        }

        // No copy is put off for longer than the longest wait; what says so was written by a clock that was wrong.
        var putOff = planned.DueAt - SubmissionTransitions.PlannedGrace - now;
        if (planned.Hold == hold && putOff > Slack && putOff <= LongestWait)
            return;
        var wait = delay < TimeSpan.Zero ? TimeSpan.Zero : delay < LongestWait ? delay : LongestWait;
        var setback = reason is null ? null : Describe(planned, hold, reason, now, now + wait);
        var held = planned.WaitFor(hold, since, now + wait, setback);
        if (await ledger.UpdateSubmissionAsync(held, cancellationToken) is not null)
            await queue.SendAsync(new SubmissionMessage(planned.SubmissionId), wait, cancellationToken);
    }

    private static Setback Describe(SubmissionEntry planned, HoldReason hold, string reason, DateTimeOffset now, DateTimeOffset until)
    {
        var word = hold switch
        {
            HoldReason.ApiKey or HoldReason.Deliveries => FailureReasons.AccessDenied,
            HoldReason.NimbleBudget or HoldReason.DailyBudget => FailureReasons.BudgetExhausted,
            _ => FailureReasons.Unavailable,
        };
        var isSame = planned.Hold == hold && planned.Setback?.Reason == word;
        return new() { Reason = word, Message = reason, Since = isSame ? planned.Setback!.Since : now, Until = until };
    }

    /// <summary>Lets a submission wait for what somebody else ends, who sends its message then; Sweep sees to it that it is not forgotten.</summary>
    /// <returns>Whether it waits; false where somebody else was first to change it.</returns>
    public async Task<bool> WaitForAsync(SubmissionEntry planned, HoldReason hold, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var since = planned.Hold == hold ? planned.HeldSince ?? now : now;
        return await ledger.UpdateSubmissionAsync(planned.WaitFor(hold, since, now, planned.Setback), cancellationToken) is not null;
    }

    /// <summary>Ends a planned submission that is not to be posted: its inputs fail.</summary>
    /// <returns>The submission as it is then; null where somebody else was first to change it, and nothing was done.</returns>
    public async Task<SubmissionEntry?> EndAsync(
        SubmissionEntry planned, IReadOnlyList<InputEntry> failing, FailureCause cause, CancellationToken cancellationToken)
    {
        // Nobody may post it while its inputs fail.
        var ended = planned.GiveUp(time.GetUtcNow(), cause.Message);
        if (await ledger.UpdateSubmissionAsync(ended, cancellationToken) is not { } refused)
            return null;
        CrashPoint.Pass("submit.after-refusal");
        if (failing.Count > 0)
        {
            LogEnded(failing.Count, planned.SubmissionId, cause.Reason, cause.Message);
            await outcomes.FailAsync(refused, failing, cause, cancellationToken);
        }

        return refused;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Submission {SubmissionId} is not submitted ({Inputs} of its inputs) and fails with {Reason}: {Text}")]
    private partial void LogEnded(int inputs, string submissionId, string reason, string text);
}
