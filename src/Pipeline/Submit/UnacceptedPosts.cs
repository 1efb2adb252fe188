using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Submit;

/// <summary>
/// Undoes the intent of a POST that provably was not accepted: its URLs go back into the budgets, and the submission
/// may be posted again. Pauses all submission if the next POST would meet the same refusal.
/// </summary>
internal sealed partial class UnacceptedPosts(
    ILedger ledger,
    SubmissionHolds holds,
    BudgetGuard budget,
    SubmissionGate gate,
    IOptions<PipelineOptions> options,
    ILogger<UnacceptedPosts> logger)
{
    private static readonly TimeSpan UnreachablePause = TimeSpan.FromSeconds(5);

    // One answer that asks for a day must not hold all lists back for a day: another POST asks whether that is so.
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    /// <summary>Ends the pause if this submission's POST was the one that was to try: Nimble accepted it.</summary>
    public Task ResumeAsync(SubmissionEntry accepted) => gate.OpenAsync(accepted.SubmissionId);

    /// <summary>Pauses all submission after a refusal that concerns more than this submission's content.</summary>
    public async Task PauseAsync(
        SubmissionEntry planned, SubmissionEntry intent, PostOutcome.Refused refused,
        CancellationToken cancellationToken)
    {
        var (hold, shortest, reason) = Describe(refused);
        var wait = refused.RetryAfter.AtLeast(shortest);
        await gate.PauseForAsync(wait < LongestPause ? wait : LongestPause, reason, hold);
        LogPaused(intent.SubmissionId, wait.TotalSeconds, reason);
        await BackToPlannedAsync(planned, intent, hold, reason, wait, cancellationToken);
    }

    /// <summary>Makes the submission what it was before the intent, and sends its message again.</summary>
    public async Task BackToPlannedAsync(
        SubmissionEntry planned,
        SubmissionEntry intent,
        HoldReason hold,
        string? reason,
        TimeSpan wait,
        CancellationToken cancellationToken)
    {
        await GiveBackAsync(intent);
        if (await ledger.SettleAsync(intent, current => current.BackToPlanned(planned)) is { } settled)
            await holds.WaitAsync(settled, hold, reason, wait, cancellationToken);
    }

    /// <summary>Gives the submission's URLs back to the budgets, which may end the wait for the next day.</summary>
    public async Task GiveBackAsync(SubmissionEntry intent)
    {
        await budget.GiveBackAsync(intent, CancellationToken.None);
        gate.OpenDay();
    }

    private (HoldReason Hold, TimeSpan Shortest, string Reason) Describe(PostOutcome.Refused refused)
    {
        var refusedPause = options.Value.Nimble.RefusedPause;
        return refused.Kind switch
        {
            RefusalKind.Budget => (HoldReason.NimbleBudget, refusedPause,
                $"Nimble has no budget for more: {refused.Message} Top up the account; "
                    + "submission resumes automatically."),
            RefusalKind.Credentials => (HoldReason.ApiKey, refusedPause,
                $"Nimble refuses the API key: {refused.Message} Check NIMBLE_API_KEY."),
            RefusalKind.RateLimit => (HoldReason.None, UnreachablePause,
                $"Nimble asks for fewer requests: {refused.Message}"),
            _ => (HoldReason.None, UnreachablePause, $"Nimble cannot be reached: {refused.Message}"),
        };
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Submission {SubmissionId} and all others wait for {Seconds} s: {Reason}")]
    private partial void LogPaused(string submissionId, double seconds, string reason);
}
