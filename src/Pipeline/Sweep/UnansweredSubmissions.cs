using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit;
using Pipeline.Submit.Evidence;

namespace Pipeline.Sweep;

/// <summary>
/// Handles submissions whose POST left no proof: finds evidence, waits for it, posts again if the settings allow that
/// and absence is proven, or gives up. Later evidence still counts.
/// </summary>
internal sealed partial class UnansweredSubmissions(
    ILedger ledger,
    PlannedSubmissions planned,
    SubmissionResolver resolver,
    EarlierParts earlierParts,
    OutcomeRecorder outcomes,
    SweepPolicy policy,
    ILogger<UnansweredSubmissions> logger)
{
    /// <summary>Checks a submission in state Posting or Unknown.</summary>
    public async Task ResolveAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        // A search proves something only about the time when it began, so a slow search must not end a window that was
        // open then.
        var began = policy.Now;
        var (found, doubt) = await resolver.SearchAsync(submission, cancellationToken);
        if (found)
            return;
        if (submission.State == SubmissionState.Unknown && submission.PostedAt is { } postedAt)
            PipelineMetrics.MeasureUnknown(began - postedAt);
        if (submission is { LostSince: not null, State: SubmissionState.Unknown } && doubt is null
            && began >= submission.PostedAt)
        {
            await GoOnAsync(submission, cancellationToken);
            return;
        }

        var isUnderWay = policy.IsUnderWay(submission, began);
        if (!isUnderWay && policy.IsProvenAbsent(submission, doubt, began))
            await PostAgainAsync(submission, cancellationToken);
        else if (isUnderWay || policy.IsWindowOpen(submission, began))
            await ledger.UpdateSubmissionAsync(
                submission.LookInVain(isUnderWay, policy.NextLook(submission)), cancellationToken);
        else
            await GiveUpAsync(submission, began, doubt, cancellationToken);
    }

    /// <summary>Checks once more a submission that was given up and that a crash left with waiting inputs.</summary>
    public async Task ResumeAsync(
        SubmissionEntry refused, IReadOnlyList<InputEntry> waiting, CancellationToken cancellationToken)
    {
        if (await resolver.SearchAsync(refused, cancellationToken) is { Found: false, Doubt: var doubt })
            await FailAsync(refused, waiting, doubt, cancellationToken);
    }

    /// <summary>Looks for late evidence of a closed submission, as long as there may be any.</summary>
    public async Task LookLateAsync(SubmissionEntry closed, CancellationToken cancellationToken)
    {
        if (!closed.IsUnproven || !(await resolver.SearchAsync(closed, cancellationToken)).Found)
            await ledger.UpdateSubmissionAsync(closed.LookLater(policy.NextLateLook(closed)), cancellationToken);
    }

    /// <summary>
    /// Posts a submission that was not posted between backup and restore. If it was divided in that time, the next
    /// check divides it again.
    /// </summary>
    private async Task GoOnAsync(SubmissionEntry compared, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(compared.SubmissionId, cancellationToken);
        var notLost = compared.NotLost(policy.Now);
        if (await earlierParts.HaveAnyAsync(compared, inputs, cancellationToken))
            await ledger.UpdateSubmissionAsync(notLost.GiveUp(policy.Now), cancellationToken);
        else
            await planned.SendAgainAsync(notLost, cancellationToken);
    }

    private async Task PostAgainAsync(SubmissionEntry unknown, CancellationToken cancellationToken)
    {
        LogPostedAgain(unknown.SubmissionId, unknown.Attempt + 1);
        await planned.SendAgainAsync(unknown.PostAgain(policy.Now), cancellationToken);
    }

    private async Task GiveUpAsync(
        SubmissionEntry unanswered, DateTimeOffset now, string? doubt, CancellationToken cancellationToken)
    {
        // A worker that found evidence in the meantime has changed the submission, and it is not given up.
        if (await ledger.UpdateSubmissionAsync(unanswered.GiveUp(now), cancellationToken) is not { } refused)
            return;
        LogGaveUp(refused.SubmissionId, policy.EvidenceWindow.TotalMinutes);
        var inputs = await ledger.GetInputsAsync(refused.SubmissionId, cancellationToken);
        await FailAsync(refused, inputs, doubt, cancellationToken);
    }

    private Task FailAsync(
        SubmissionEntry refused, IReadOnlyList<InputEntry> inputs, string? doubt, CancellationToken cancellationToken)
    {
        var post = refused.Message?.TrimEnd('.') ?? "the POST was cut off";
        var text = $"No proof was found within {policy.EvidenceWindow} that Nimble accepted the submission ({post}). "
            + "It will not be reposted automatically, since it may have been "
            + $"billed{(doubt is null ? "" : $": {doubt}")}.";
        return outcomes.FailAsync(
            refused, inputs, new("submit", FailureReasons.SubmissionUnknown, text), cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Submission {SubmissionId} is proven absent after its quarantine. It is posted again (attempt {Attempt}).")]
    private partial void LogPostedAgain(string submissionId, int attempt);

    [LoggerMessage(Level = LogLevel.Error, Message =
        "No proof for or against submission {SubmissionId} was found within {Minutes} minutes. "
        + "Its inputs fail as submission_unknown.")]
    private partial void LogGaveUp(string submissionId, double minutes);
}
