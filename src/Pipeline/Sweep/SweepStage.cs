using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit;
using Pipeline.Submit.Evidence;

namespace Pipeline.Sweep;

/// <summary>
/// Looks after everything that is due: what no webhook told, what a crash cut short, what is finished and must be closed. Safe to run twice at
/// once and at any time: each step is a conditional change, and a step that was taken is not due any more.
/// </summary>
internal sealed partial class SweepStage(
    ILedger ledger,
    IWorkQueue queue,
    SubmissionResolver resolver,
    AcceptedSubmissions accepted,
    ListCloser closer,
    IsolatedSteps steps,
    RunningLooks looks,
    Refusals refusals,
    OutcomeRecorder outcomes,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<SweepStage> logger)
{
    private const int Page = 100;

    private static readonly TimeSpan ReportEvery = TimeSpan.FromMinutes(1);

    private DateTimeOffset _reportedAt = DateTimeOffset.MinValue;

    /// <summary>Takes one step with every submission that is due, then closes the lists that are complete.</summary>
    public async Task HandleAsync(CancellationToken cancellationToken)
    {
        var started = time.GetUtcNow();
        var looked = 0;
        var overdue = TimeSpan.Zero;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (await NextPageAsync(started, seen, cancellationToken) is { Count: > 0 } due)
        {
            looked += due.Count;
            overdue = overdue > Overdue(due[0], started) ? overdue : Overdue(due[0], started);
            await looks.RunAsync(InTurns(due), (submission, token) => steps.RunAsync(submission, StepAsync, token), cancellationToken);
            if (due.Count < Page)
                break;
        }

        Report(looked, overdue, await closer.CloseListsAsync(cancellationToken));
    }

    /// <summary>How late a look is. What was never posted, or is to be closed at once, is due from a time that says nothing.</summary>
    private static TimeSpan Overdue(SubmissionEntry submission, DateTimeOffset now) =>
        submission.DueAt is { } due && due > DateTimeOffset.UnixEpoch ? now - due : TimeSpan.Zero;

    /// <summary>The sign of life that alerts wait for; where passes follow each other fast, one a minute is enough.</summary>
    private void Report(int looked, TimeSpan overdue, OpenLists open)
    {
        var now = time.GetUtcNow();
        if (now - _reportedAt < ReportEvery)
            return;
        _reportedAt = now;
        LogSwept(looked, overdue.TotalMinutes, open.Count, open.OldestSince is { } since ? (now - since).TotalMinutes : 0);
    }

    /// <summary>The next submissions that are due and were not looked at in this pass: one that stays due must not come first again.</summary>
    private async Task<IReadOnlyList<SubmissionEntry>> NextPageAsync(
        DateTimeOffset now, HashSet<string> seen, CancellationToken cancellationToken)
    {
        for (var (asked, found) = (Page, -1); ; asked += Page)
        {
            var due = await ledger.GetDueSubmissionsAsync(now, asked, cancellationToken);
            var fresh = due.Where(submission => seen.Add(submission.SubmissionId)).ToList();
            if (fresh.Count > 0 || due.Count < asked || due.Count == found)
                return fresh;
            found = due.Count;
        }
    }

    /// <summary>The lists take turns: one of many submissions must not keep a small one waiting.</summary>
    private static IEnumerable<SubmissionEntry> InTurns(IReadOnlyList<SubmissionEntry> due) => due
        .GroupBy(submission => submission.ListId, StringComparer.Ordinal)
        .SelectMany(list => list.Select((submission, turn) => (submission, turn)))
        .OrderBy(one => one.turn)
        .Select(one => one.submission);

    private Task StepAsync(SubmissionEntry submission, CancellationToken cancellationToken) => submission.State switch
    {
        SubmissionState.Planned => SendAgainAsync(submission.SendAgain(time.GetUtcNow()), cancellationToken),
        SubmissionState.Posting or SubmissionState.Unknown => ResolveAsync(submission, cancellationToken),
        SubmissionState.Accepted => accepted.LookAsync(submission, cancellationToken),
        SubmissionState.Refused => LookRefusedAsync(submission, cancellationToken),
        _ => LookLateAsync(submission, cancellationToken),
    };

    /// <summary>A submission nobody has posted for long: its message may be gone, and a second one does no harm.</summary>
    private async Task SendAgainAsync(SubmissionEntry planned, CancellationToken cancellationToken)
    {
        if (await ledger.UpdateSubmissionAsync(planned, cancellationToken) is not null)
            await queue.SendAsync(new SubmissionMessage(planned.SubmissionId), TimeSpan.Zero, cancellationToken);
    }

    private async Task ResolveAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        // A look proves something of the time at which it began: a slow one must not end a window that was open then.
        var now = time.GetUtcNow();
        var (found, doubt) = await resolver.SearchAsync(submission, cancellationToken);
        if (found)
            return;
        var underWay = submission.State == SubmissionState.Posting && now - submission.PostedAt < options.Value.Sweep.PostingLease;
        if (underWay || (now - submission.PostedAt < options.Value.Sweep.EvidenceWindow && !IsProvenAbsent(submission, doubt, now)))
        {
            var next = NextLook(submission, options.Value.Sweep, time.GetUtcNow());
            await PostponeAsync(submission.LookInVain(underWay, next), cancellationToken);
            return;
        }

        if (IsProvenAbsent(submission, doubt, now))
        {
            LogPostedAgain(submission.SubmissionId, submission.Attempt + 1);
            await SendAgainAsync(submission.PostAgain(time.GetUtcNow()), cancellationToken);
            return;
        }

        // Whoever has found evidence meanwhile has changed the submission, and nothing is given up.
        if (await ledger.UpdateSubmissionAsync(submission.GiveUp(now), cancellationToken) is not { } refused)
            return;
        LogGaveUp(submission.SubmissionId, options.Value.Sweep.EvidenceWindow.TotalMinutes);
        await FailUnknownAsync(refused, await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken), doubt, cancellationToken);
    }

    private Task FailUnknownAsync(SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, string? doubt, CancellationToken cancellationToken) =>
        outcomes.FailAsync(submission, inputs, new("submit", FailureReasons.SubmissionUnknown,
            $"Whether Nimble accepted the submission could not be proven within {options.Value.Sweep.EvidenceWindow}: {submission.Message ?? "the POST was cut off"}. It is not posted again by itself, since it may have been billed{(doubt is null ? "" : $": {doubt}")}."), cancellationToken);

    /// <summary>Closes it, unless a crash left inputs of it waiting.</summary>
    private async Task LookRefusedAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        var waiting = inputs.Where(i => i.State == InputState.Waiting).ToList();
        if (waiting.Count == 0)
        {
            await accepted.CloseAsync(submission, inputs, cancellationToken);
            return;
        }

        if (!submission.IsUnproven)
            await refusals.ResumeAsync(submission, waiting, cancellationToken);
        else if (await resolver.SearchAsync(submission, cancellationToken) is { Found: false, Doubt: var doubt })
            await FailUnknownAsync(submission, waiting, doubt, cancellationToken);
    }

    /// <summary>
    /// Whether a look that found nothing is proof enough to post again: asked for by the policy, nothing in doubt, after the quarantine, and not the
    /// first such look. A look at a store or list that fails throws and proves nothing.
    /// </summary>
    private bool IsProvenAbsent(SubmissionEntry submission, string? doubt, DateTimeOffset now) =>
        doubt is null
        && options.Value.Submit is { Unknown: UnknownPolicy.RepostWhenProvenAbsent } submit
        && submission is { State: SubmissionState.Unknown, PollCount: > 0 }
        && submission.Attempt < submit.MaxPosts
        && now - submission.PostedAt >= submit.Quarantine;

    /// <summary>A submission that was given up is found after all, or looked for again later.</summary>
    private async Task LookLateAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        if (!submission.IsUnproven || !(await resolver.SearchAsync(submission, cancellationToken)).Found)
            await PostponeAsync(submission.LookLater(accepted.NextLateLook(submission)), cancellationToken);
    }

    /// <summary>When to look again: soon at first, then ever more seldom.</summary>
    internal static DateTimeOffset NextLook(SubmissionEntry submission, SweepOptions sweep, DateTimeOffset now)
    {
        var first = submission is { HasCallback: true, State: SubmissionState.Accepted, CompletedAt: null } ? sweep.WebhookGrace : sweep.PollInterval;
        var spaced = first * Math.Pow(1.5, Math.Min(submission.PollCount, 20));
        var longest = first > sweep.MaxPollInterval ? first : sweep.MaxPollInterval;
        return now + (spaced < longest ? spaced : longest);
    }

    private Task PostponeAsync(SubmissionEntry submission, CancellationToken cancellationToken) =>
        ledger.UpdateSubmissionAsync(submission, cancellationToken);

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Sweep looked at {Submissions} due submissions, the longest overdue by {OverdueMinutes:0.#} minutes; {Lists} lists are open, the oldest for {OldestMinutes:0.#} minutes.")]
    private partial void LogSwept(int submissions, double overdueMinutes, int lists, double oldestMinutes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Submission {SubmissionId} is nowhere to be found after its quarantine and is posted again, for the {Attempt}. time.")]
    private partial void LogPostedAgain(string submissionId, int attempt);

    [LoggerMessage(Level = LogLevel.Error, Message = "No proof for or against submission {SubmissionId} was found within {Minutes} minutes; its inputs end as submission_unknown.")]
    private partial void LogGaveUp(string submissionId, double minutes);
}
