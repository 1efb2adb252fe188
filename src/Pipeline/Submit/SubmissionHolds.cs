using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Submit;

/// <summary>
/// Holds planned submissions back, records the reason in the ledger, and ends submissions that must not be posted.
/// </summary>
internal sealed partial class SubmissionHolds(
    ILedger ledger, IWorkQueue queue, OutcomeRecorder outcomes, IOptions<PipelineOptions> options, TimeProvider time,
    ILogger<SubmissionHolds> logger)
{
    // Settings may change during a long wait, so it is checked again at least this often.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    // Workers' clocks may differ by this much, and a message may come early.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(30);

    /// <summary>Sends the message of a submission again at once, because what it waits for is over.</summary>
    public Task SendAgainAsync(SubmissionEntry planned, CancellationToken cancellationToken) =>
        queue.SendAsync(new SubmissionMessage(planned.SubmissionId), TimeSpan.Zero, cancellationToken);

    /// <summary>
    /// Sends the message again for later, unless a copy of it already did: copies must not multiply during a pause.
    /// Fails a submission that has waited for Nimble's budget or a valid key for longer than
    /// <c>Nimble:RefusedWindow</c>.
    /// </summary>
    public async Task WaitAsync(
        SubmissionEntry planned, HoldReason hold, string? reason, TimeSpan delay, CancellationToken cancellationToken)
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

        // No copy waits for longer than LongestWait. A later due time was written by a wrong clock.
        var putOff = planned.DueAt - SubmissionTransitions.PlannedGrace - now;
        if (planned.Hold == hold && putOff > Slack && putOff <= LongestWait)
            return;
        var wait = delay < TimeSpan.Zero ? TimeSpan.Zero : delay < LongestWait ? delay : LongestWait;
        var setback = reason is null ? null : Describe(planned, hold, reason, now, now + wait);
        var held = planned.WaitFor(hold, since, now + wait, setback);
        if (await ledger.UpdateSubmissionAsync(held, cancellationToken) is not null)
            await queue.SendAsync(new SubmissionMessage(planned.SubmissionId), wait, cancellationToken);
    }

    private static Setback Describe(
        SubmissionEntry planned, HoldReason hold, string reason, DateTimeOffset now, DateTimeOffset until)
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

    /// <summary>
    /// Holds a submission until somebody else sends its message. If nobody does, Sweep sends it after a grace period.
    /// </summary>
    /// <returns>Whether it waits; false if somebody else has changed it.</returns>
    public async Task<bool> WaitForAsync(SubmissionEntry planned, HoldReason hold, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var since = planned.Hold == hold ? planned.HeldSince ?? now : now;
        return await ledger.UpdateSubmissionAsync(
            planned.WaitFor(hold, since, now, planned.Setback), cancellationToken) is not null;
    }

    /// <summary>Ends a planned submission that must not be posted, and fails its inputs.</summary>
    /// <returns>The submission afterwards; null if somebody else has changed it, and nothing was done.</returns>
    public async Task<SubmissionEntry?> EndAsync(
        SubmissionEntry planned, IReadOnlyList<InputEntry> failing, FailureCause cause,
        CancellationToken cancellationToken)
    {
        // The state changes first: nobody may post a submission whose inputs fail.
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

    [LoggerMessage(
        Level = LogLevel.Error,
        Message =
            "Submission {SubmissionId} is not submitted ({Inputs} of its inputs) and fails with {Reason}: {Text}")]
    private partial void LogEnded(int inputs, string submissionId, string reason, string text);
}
