using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Submit;

/// <summary>
/// Moves inputs to new submissions of the same list, keeping their ids: failed inputs to post again as new tasks, and
/// waiting inputs that their submission cannot be posted with. Any worker may repeat a step that was cut short: the old
/// entries point to the new submission before it is posted.
/// </summary>
internal sealed partial class Resubmission(
    ILedger ledger, IWorkQueue queue, Reopening reopening, IOptions<PipelineOptions> options, TimeProvider time,
    ILogger<Resubmission> logger)
{
    // Without a limit, a doubled delay soon leaves the range of times.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(30);

    /// <summary>
    /// Posts failed inputs again if the retry policy allows it; returns the updated inputs.
    /// </summary>
    public async Task<IReadOnlyList<InputEntry>> RetryAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var retry = options.Value.Retry;
        var given = retry.Reasons.Where(reason => reason.Length > 0).ToList();
        IReadOnlyList<string> reasons = given.Count > 0 ? given : RetryOptions.Possible;
        var failed = inputs.Where(i => i.State == InputState.Failed && reasons.Contains(i.Reason!)
            && MayEndBetter(i)).ToList();
        if (failed.Count == 0 || submission.Attempt >= retry.MaxAttempts
            || failed.Count > retry.MaxShare * inputs.Count
            || await ledger.GetListAsync(submission.ListId, cancellationToken) is
                { Steering: ListSteering.Cancelled } or { RevisionOf: not null })
            return inputs;
        LogRetried(failed.Count, submission.SubmissionId, submission.Attempt + 1);
        await PostAgainAsync(submission, failed, DelayOf(retry, submission.Attempt), cancellationToken);
        return await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
    }

    private static TimeSpan DelayOf(RetryOptions retry, int attempt) =>
        TimeSpan.FromTicks((long)Math.Min(retry.Delay.Ticks * Math.Pow(2, attempt - 1), LongestDelay.Ticks));

    /// <summary>Whether another attempt may succeed: a page that is gone is not paid for again.</summary>
    private static bool MayEndBetter(InputEntry failed) =>
        failed.Reason != FailureReasons.PageStatus || PageStatuses.IsRetryable(failed.HttpStatus);

    /// <summary>Moves failed inputs to another submission, which is posted after a delay.</summary>
    /// <param name="submission">Their submission; none of its inputs waits.</param>
    /// <param name="failed">The inputs to post again.</param>
    /// <param name="delay">The delay before the POST.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    public Task PostAgainAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> failed, TimeSpan delay,
        CancellationToken cancellationToken) =>
        // A repeated submission waits for no canary.
        MoveAsync(
            submission with
            {
                Attempt = submission.Attempt + 1,
                WaitsFor = null,
                Hold = HoldReason.None,
                HeldSince = null,
            },
            [failed], delay, cancellationToken);

    /// <summary>Moves waiting inputs to other submissions, which are posted at once.</summary>
    /// <param name="submission">Their submission; it is refused, so nobody posts it any more.</param>
    /// <param name="groups">One new submission each. A repetition after a crash may group the rest differently.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    public Task DivideAsync(
        SubmissionEntry submission, IReadOnlyList<IReadOnlyList<InputEntry>> groups,
        CancellationToken cancellationToken) =>
        MoveAsync(submission, groups, TimeSpan.Zero, cancellationToken);

    /// <summary>
    /// Finishes moves that a crash cut short: inputs go to the existing submissions that were made for them.
    /// </summary>
    /// <param name="submission">Their submission; it is refused, so nobody posts it any more.</param>
    /// <param name="inputs">Its waiting inputs.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    /// <returns>The inputs that no submission was made for.</returns>
    public async Task<IReadOnlyList<InputEntry>> GoOnAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var sequence = SubmissionIds.Next(submission.Sequence);
        for (; inputs.Count > 0
            && await GetAsync(
                submission, sequence, cancellationToken) is { } repeat; sequence = SubmissionIds.Next(sequence))
        {
            var theirs = await HandOverAsync(submission, repeat, inputs, TimeSpan.Zero, cancellationToken);
            inputs = [.. inputs.Where(i => !theirs.Contains(i.Id))];
        }

        return inputs;
    }

    private async Task MoveAsync(
        SubmissionEntry submission, IReadOnlyList<IReadOnlyList<InputEntry>> groups, TimeSpan delay,
        CancellationToken cancellationToken)
    {
        groups = [.. groups.Where(g => g.Count > 0)];
        for (var sequence = SubmissionIds.Next(submission.Sequence); groups.Count
            > 0; sequence = SubmissionIds.Next(sequence))
        {
            if (await GetAsync(submission, sequence, cancellationToken) is not { } repeat)
            {
                await CreateAsync(submission, groups[0], sequence, delay, cancellationToken);
                CrashPoint.Pass("repeat.after-submission");
                repeat = (await GetAsync(submission, sequence, cancellationToken))!;
            }

            var theirs = await HandOverAsync(
                submission, repeat, [.. groups.SelectMany(g => g)], delay, cancellationToken);
            groups = [.. groups.Select(g => g.Where(i => !theirs.Contains(i.Id)).ToList()).Where(g => g.Count > 0)];
        }
    }

    private Task<SubmissionEntry?> GetAsync(
        SubmissionEntry submission, int sequence, CancellationToken cancellationToken) =>
        ledger.GetSubmissionAsync(SubmissionIds.Of(submission.ListId, sequence), cancellationToken);

    /// <summary>
    /// Moves inputs to the submission that was made for them, by this worker or another, now or earlier.
    /// </summary>
    /// <returns>The ids of that submission's inputs; none if it was made for another submission.</returns>
    private async Task<IReadOnlySet<string>> HandOverAsync(
        SubmissionEntry submission, SubmissionEntry repeat, IReadOnlyList<InputEntry> inputs, TimeSpan delay,
        CancellationToken cancellationToken)
    {
        if (repeat.RepeatOf != submission.SubmissionId)
            return FrozenSet<string>.Empty;
        var theirs = (
            await ledger.GetInputsAsync(repeat.SubmissionId, cancellationToken)).Select(i =>
                i.Id).ToHashSet(StringComparer.Ordinal);
        // The message goes first: Submit moves the inputs too. In the other order, a crash in between would leave the
        // new submission to Sweep's long grace.
        if (repeat.State == SubmissionState.Planned && inputs.Any(i => theirs.Contains(i.Id)))
            await queue.SendAsync(new SubmissionMessage(repeat.SubmissionId), delay, cancellationToken);
        await TakeOverAsync(repeat, cancellationToken);
        return theirs;
    }

    /// <summary>
    /// Makes the old entries of a submission's inputs point to it. If an input got its record meanwhile, it is not
    /// posted again: its new entry points back.
    /// </summary>
    public async Task TakeOverAsync(SubmissionEntry repeat, CancellationToken cancellationToken)
    {
        // Waiting inputs move only from a submission that nobody posted; failed ones always.
        var isOver = await ledger.GetSubmissionAsync(
            repeat.RepeatOf!, cancellationToken) is { State: SubmissionState.Refused, IsUnproven: false };
        int failures = 0;
        for (var again = true; again;)
        {
            var entries = (
                await ledger.GetInputsAsync(repeat.SubmissionId, cancellationToken)).ToDictionary(i =>
                    i.Id, StringComparer.Ordinal);
            var old = await ledger.GetInputsAsync(repeat.RepeatOf!, cancellationToken);
            var ours = old.Where(i => entries.ContainsKey(i.Id)).ToList();
            var moves = ours.Where(i => i.State == InputState.Failed || (isOver && i.State == InputState.Waiting))
                .Select(i => i with { State = InputState.Moved, MovedTo = repeat.SubmissionId }).ToList();
            var back = ours.Where(i => i.State == InputState.Recorded && entries[i.Id].State == InputState.Waiting)
                .Select(i => entries[i.Id] with { State = InputState.Moved, MovedTo = i.SubmissionId }).ToList();
            var written = await ledger.UpdateInputsAsync([.. moves, .. back], cancellationToken);
            failures = old.Count(i => i.State == InputState.Failed && !entries.ContainsKey(i.Id));
            again = written.Any(i => i is null);
        }

        if (await ledger.GetSubmissionAsync(repeat.RepeatOf!,
            cancellationToken) is { State: SubmissionState.Closed } closed
            && closed.Failures != failures)
            await reopening.ReopenAsync(closed.SubmissionId, TimeSpan.Zero, cancellationToken);
        await reopening.ReopenListAsync(repeat.ListId, cancellationToken);
    }

    private Task CreateAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> group, int sequence, TimeSpan delay,
        CancellationToken cancellationToken)
    {
        var id = SubmissionIds.Of(submission.ListId, sequence);
        var inputs = group.Select((input, ordinal) => new InputEntry
        {
            SubmissionId = id,
            Ordinal = ordinal,
            Id = input.Id,
            Url = input.Url,
            Input = input.Input,
            Kept = input.Kept,
            Line = input.Line,
            Series = input.Series,
        }).ToList();
        return ledger.CreateSubmissionAsync(
            SubmissionTransitions.Plan(
                id, submission.ListId, sequence, inputs.Count,
                time.GetUtcNow() + delay + SubmissionTransitions.PlannedGrace) with
            {
                SharedInputs = submission.SharedInputs,
                Series = submission.Series,
                Attempt = submission.Attempt,
                RepeatOf = submission.SubmissionId,
                WaitsFor = submission.WaitsFor,
                Hold = submission.Hold,
                HeldSince = submission.HeldSince,
                NotBefore = delay > TimeSpan.Zero ? time.GetUtcNow() + delay : null,
            },
            inputs,
            cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message =
        "{Inputs} failed inputs of submission {SubmissionId} are posted again (attempt {Attempt}).")]
    private partial void LogRetried(int inputs, string submissionId, int attempt);
}
