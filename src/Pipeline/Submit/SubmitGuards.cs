using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Submit.Evidence;
using Pipeline.Urls;

namespace Pipeline.Submit;

/// <summary>
/// Decides before each POST whether it is allowed: its URLs may be submitted, the list's canary has succeeded, and the
/// budgets of list and day suffice. Retries and replays come through here too.
/// </summary>
internal sealed partial class SubmitGuards(
    SubmissionHolds holds,
    Resubmission repeats,
    CanaryGuard canaries,
    BudgetGuard budget,
    SubmissionGate gate,
    IOptions<PipelineOptions> options,
    ILogger<SubmitGuards> logger)
{
    private readonly UrlGuard _guard = new(options.Value.Guards, options.Value.Intake.AllowPrivate);

    private const int MaxNamed = 5;

    // Clocks differ, and a second into a new day is soon enough.
    private static readonly TimeSpan AfterMidnight = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Returns true if the submission may be posted now, and takes its URLs from the budgets. Otherwise it waits, was
    /// divided, or has ended.
    /// </summary>
    public async Task<bool> AdmitAsync(
        SubmissionEntry planned, IReadOnlyList<InputEntry> inputs, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var refused = inputs.Where(input => _guard.Check(input.Url) is not null).ToList();
        if (refused.Count > 0)
        {
            await RefuseAsync(planned, inputs, refused, cancellationToken);
            return false;
        }

        if (planned.WaitsFor is { } canary && !await IsPastAsync(canary, planned, inputs, cancellationToken))
            return false;
        var answer = await budget.TakeAsync(planned, now, cancellationToken);
        if (answer.Left == planned.Count)
            return true;
        if (!answer.Day)
            await EndOfListAsync(planned, inputs, answer, cancellationToken);
        else if (answer.Left > 0)
            await DivideAsync(planned, inputs, answer.Left, cancellationToken);
        else
            await WaitForNextDayAsync(planned, answer.Limit, now, cancellationToken);
        return false;
    }

    /// <summary>Fails the inputs whose URLs may not be submitted; the rest moves to a new submission.</summary>
    private async Task RefuseAsync(
        SubmissionEntry planned, IReadOnlyList<InputEntry> inputs, IReadOnlyList<InputEntry> refused,
        CancellationToken cancellationToken)
    {
        var reasons = string.Join(
            "; ", refused.Select(input => _guard.Check(input.Url)).Distinct(StringComparer.Ordinal).Take(MaxNamed));
        var ended = await holds.EndAsync(planned, refused, new("submit", FailureReasons.DomainRefused,
            $"It was not submitted: {reasons}, then 'replay --resubmit' submits it."), cancellationToken);
        if (ended is not null)
            await repeats.DivideAsync(ended, [[.. inputs.Except(refused)]], cancellationToken);
    }

    private async Task<bool> IsPastAsync(
        string canary, SubmissionEntry planned, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var result = await canaries.GetResultAsync(canary, cancellationToken);
        if (result.HasPassed)
            return true;
        if (result.HasFailed)
        {
            await holds.EndAsync(planned, inputs, new("submit", FailureReasons.CanaryFailed,
                $"It was not submitted: of the list's first {Amount.Of(result.Inputs, "input")} {result.Failures} "
                    + $"failed and {result.Records} succeeded, where {result.Needed} must. See why those failed "
                    + $"(submission {canary}); 'replay --resubmit' submits the rest."), cancellationToken);
            return false;
        }

        // The canary may have been decided before this submission was held.
        if (await holds.WaitForAsync(planned, HoldReason.Canary, cancellationToken)
            && await canaries.GetResultAsync(canary, cancellationToken) is not { HasPassed: false, HasFailed: false })
            await holds.SendAgainAsync(planned, cancellationToken);
        return false;
    }

    /// <summary>Moves what the list's budget still allows to a new submission, and fails the rest.</summary>
    private async Task EndOfListAsync(
        SubmissionEntry planned, IReadOnlyList<InputEntry> inputs, BudgetAnswer answer,
        CancellationToken cancellationToken)
    {
        var ended =
            await holds.EndAsync(planned, [.. inputs.Skip(answer.Left)], new("submit", FailureReasons.BudgetExhausted,
            string.Create(
                CultureInfo.InvariantCulture,
                $"It was not submitted: the list's budget of {Amount.Of(answer.Limit, "URL")} is used up. Raise "
                    + $"{budget.ListSetting}, then 'pipeline replay --resubmit' submits it.")), cancellationToken);
        if (ended is not null)
            await repeats.DivideAsync(ended, [[.. inputs.Take(answer.Left)]], cancellationToken);
    }

    private async Task DivideAsync(
        SubmissionEntry planned, IReadOnlyList<InputEntry> inputs, int first, CancellationToken cancellationToken)
    {
        LogDivided(planned.SubmissionId, first);
        var cause = new FailureCause(
            "submit", FailureReasons.BudgetExhausted, "It was divided, as the day's budget allows only a part of it.");
        if (await holds.EndAsync(planned, [], cause, cancellationToken) is { } ended)
            await repeats.DivideAsync(ended, [[.. inputs.Take(first)], [.. inputs.Skip(first)]], cancellationToken);
    }

    private async Task WaitForNextDayAsync(
        SubmissionEntry planned, long limit, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var wait = now.UtcDateTime.Date.AddDays(1) - now.UtcDateTime + AfterMidnight;
        var reason = string.Create(
            CultureInfo.InvariantCulture,
            $"The day's budget of {Amount.Of(limit, "URL")} is used up. Submission resumes automatically the next day "
                + $"(UTC). To resume now, raise {budget.DaySetting} and start again.");
        gate.PauseForDay(wait, reason);
        LogPaused(planned.SubmissionId, wait.TotalSeconds, reason);
        await holds.WaitAsync(planned, HoldReason.DailyBudget, reason, wait, cancellationToken);
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Submission {SubmissionId} is divided: the day's budget allows {Inputs} of its inputs.")]
    private partial void LogDivided(string submissionId, int inputs);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Submission {SubmissionId} is held until the next day, for {Seconds} s: {Reason}")]
    private partial void LogPaused(string submissionId, double seconds, string reason);
}
