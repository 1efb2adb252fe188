using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Submit;

/// <summary>
/// Moves inputs to new submissions of the same list, keeping their ids: failed inputs to post again as new tasks, and
/// waiting inputs that cannot be posted with the rest of their submission. Any worker may repeat a step that was
/// interrupted: the old entries point to the new submission before it is posted.
/// </summary>
internal sealed class Resubmission(
    ILedger ledger, IWorkQueue queue, Reopening reopening, RepeatChain chain, EarlierParts earlierParts,
    TimeProvider time)
{
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
    /// <param name="groups">
    /// Each becomes one new submission. A repeat after a crash may group the rest differently.
    /// </param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    public Task DivideAsync(
        SubmissionEntry submission, IReadOnlyList<IReadOnlyList<InputEntry>> groups,
        CancellationToken cancellationToken) =>
        MoveAsync(submission, groups, TimeSpan.Zero, cancellationToken);

    /// <summary>
    /// Finishes moves that a crash interrupted: inputs go to the existing submissions that were created for them.
    /// </summary>
    /// <param name="submission">Their submission; it is refused, so nobody posts it any more.</param>
    /// <param name="inputs">Its waiting inputs.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    /// <returns>The inputs that no submission was created for.</returns>
    public async Task<IReadOnlyList<InputEntry>> GoOnAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        if (inputs.Count > 0)
            await foreach (var repeat in RepeatsOf(submission, cancellationToken))
            {
                inputs = await HandOverAsync(submission, repeat, inputs, TimeSpan.Zero, cancellationToken);
                if (inputs.Count == 0)
                    break;
            }

        return inputs;
    }

    private async Task MoveAsync(
        SubmissionEntry submission, IReadOnlyList<IReadOnlyList<InputEntry>> groups, TimeSpan delay,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<InputEntry> left = [.. groups.SelectMany(group => group)];
        var taken = new HashSet<int>();
        await foreach (var repeat in RepeatsOf(submission, cancellationToken))
        {
            taken.Add(repeat.Sequence);
            left = await HandOverAsync(submission, repeat, left, delay, cancellationToken);
            if (left.Count == 0)
                return;
        }

        foreach (var part in await earlierParts.FindAsync(submission, left, cancellationToken))
        {
            taken.Add(part.Sequence);
            if (part.Inputs.Count > 0)
                left = await PlaceAsync(submission, part.Inputs, part.Sequence, left, delay, cancellationToken);
        }

        var sequence = submission.Sequence;
        foreach (var group in groups)
            // Another worker may create a submission of that name first, with other inputs.
            while (group.IntersectBy(left.Select(input => input.Id), input => input.Id).ToList() is { Count: > 0 } rest)
                if (taken.Add(sequence = SubmissionIds.Next(sequence)))
                    left = await PlaceAsync(submission, rest, sequence, left, delay, cancellationToken);
    }

    private IAsyncEnumerable<SubmissionEntry> RepeatsOf(
        SubmissionEntry submission, CancellationToken cancellationToken) =>
        chain.ReadAfterAsync(submission.ListId, submission.Sequence, cancellationToken);

    /// <summary>Creates a submission for some inputs, unless another worker was first, and moves them there.</summary>
    /// <returns>The inputs that are left.</returns>
    private async Task<IReadOnlyList<InputEntry>> PlaceAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> group, int sequence, IReadOnlyList<InputEntry> left,
        TimeSpan delay, CancellationToken cancellationToken)
    {
        await CreateAsync(submission, group, sequence, delay, cancellationToken);
        CrashPoint.Pass("repeat.after-submission");
        var id = SubmissionIds.Of(submission.ListId, sequence);
        var repeat = await ledger.GetSubmissionAsync(id, cancellationToken);
        return await HandOverAsync(submission, repeat!, left, delay, cancellationToken);
    }

    /// <summary>Moves inputs to the submission that this or another worker created for them, now or earlier.</summary>
    /// <returns>The inputs that it was not created for.</returns>
    private async Task<IReadOnlyList<InputEntry>> HandOverAsync(
        SubmissionEntry submission, SubmissionEntry repeat, IReadOnlyList<InputEntry> inputs, TimeSpan delay,
        CancellationToken cancellationToken)
    {
        if (repeat.RepeatOf != submission.SubmissionId)
            return inputs;
        var theirs = (await ledger.GetInputsAsync(repeat.SubmissionId, cancellationToken))
            .Select(input => input.Id).ToHashSet(StringComparer.Ordinal);
        // The message goes first: Submit moves the inputs too. In the other order, after a crash in between, the new
        // submission would wait for Sweep's long grace period.
        if (repeat.State == SubmissionState.Planned && inputs.Any(input => theirs.Contains(input.Id)))
            await queue.SendAsync(new SubmissionMessage(repeat.SubmissionId), delay, cancellationToken);
        await TakeOverAsync(repeat, cancellationToken);
        return [.. inputs.Where(input => !theirs.Contains(input.Id))];
    }

    /// <summary>
    /// Makes the old entries of a submission's inputs point to it. An input that got its record meanwhile is not posted
    /// again: its new entry points back.
    /// </summary>
    public async Task TakeOverAsync(SubmissionEntry repeat, CancellationToken cancellationToken)
    {
        // Waiting inputs move only from a submission that nobody posted; failed inputs always move.
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
}
