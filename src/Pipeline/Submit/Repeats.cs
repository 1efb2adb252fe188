using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Ledger;
using Pipeline.Ports;
using Pipeline.Sweep;

namespace Pipeline.Submit;

/// <summary>
/// Has other submissions of the same list take inputs over, under the same ids: failed ones that are posted again as new tasks, and ones that go on without
/// the rest of theirs. Each step may be repeated, by whoever finds it half done: the inputs' old entries point to the new submission before it is posted.
/// </summary>
internal sealed partial class Repeats(ILedger ledger, IWorkQueue queue, Reopening reopening, IOptions<PipelineOptions> options, TimeProvider time, ILogger<Repeats> logger)
{
    /// <summary>Posts again what the retry policy allows; returns the inputs as they are afterwards.</summary>
    public async Task<IReadOnlyList<InputEntry>> RetryAsync(SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var retry = options.Value.Retry;
        var given = retry.Reasons.Where(reason => reason.Length > 0).ToList();
        IReadOnlyList<string> reasons = given.Count > 0 ? given : RetryOptions.Possible;
        var failed = inputs.Where(i => i.State == InputState.Failed && reasons.Contains(i.Reason!)).ToList();
        if (failed.Count == 0 || submission.Attempt >= retry.MaxAttempts || failed.Count > retry.MaxShare * inputs.Count)
            return inputs;
        LogRetried(failed.Count, submission.SubmissionId, submission.Attempt + 1);
        await PostAgainAsync(submission, failed, retry.Delay * Math.Pow(2, submission.Attempt - 1), cancellationToken);
        return await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
    }

    /// <summary>Lets another submission take failed inputs over, and has it posted.</summary>
    /// <param name="submission">Theirs so far; none of its inputs waits.</param>
    /// <param name="failed">Those to post again.</param>
    /// <param name="delay">How long to wait with that.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    public Task PostAgainAsync(SubmissionEntry submission, IReadOnlyList<InputEntry> failed, TimeSpan delay, CancellationToken cancellationToken) =>
        // Whoever asks for it again does not ask for another canary.
        MoveAsync(submission with { Attempt = submission.Attempt + 1, WaitsFor = null, Hold = HoldReason.None, HeldSince = null }, [failed], delay, cancellationToken);

    /// <summary>Lets other submissions take inputs over that their own cannot be posted with, and has them posted.</summary>
    /// <param name="submission">Theirs so far, refused: nobody posts it any more.</param>
    /// <param name="groups">A submission each. Of those that are left when this is repeated after a crash, the grouping may be another.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    public Task DivideAsync(SubmissionEntry submission, IReadOnlyList<IReadOnlyList<InputEntry>> groups, CancellationToken cancellationToken) =>
        MoveAsync(submission, groups, TimeSpan.Zero, cancellationToken);

    private async Task MoveAsync(SubmissionEntry submission, IReadOnlyList<IReadOnlyList<InputEntry>> groups, TimeSpan delay, CancellationToken cancellationToken)
    {
        groups = [.. groups.Where(g => g.Count > 0)];
        for (var sequence = SubmissionIds.Next(submission.Sequence); groups.Count > 0; sequence = SubmissionIds.Next(sequence))
        {
            var id = SubmissionIds.Of(submission.ListId, sequence);
            if (await ledger.GetSubmissionAsync(id, cancellationToken) is not { } repeat)
            {
                await CreateAsync(submission, groups[0], id, sequence, delay, cancellationToken);
                repeat = (await ledger.GetSubmissionAsync(id, cancellationToken))!;
            }

            // It may be an earlier one, or another worker's, and have taken over none or some of them.
            if (repeat.RepeatOf != submission.SubmissionId)
                continue;
            // Its message first: Submit takes its inputs over too. The other way round a crash in between would leave nothing that tells of it but Sweep's long grace.
            var its = (await ledger.GetInputsAsync(id, cancellationToken)).Select(i => i.Id).ToHashSet(StringComparer.Ordinal);
            if (repeat.State == SubmissionState.Planned && groups.Any(g => g.Any(i => its.Contains(i.Id))))
                await queue.SendAsync(new SubmissionMessage(id), delay, cancellationToken);
            await TakeOverAsync(repeat, cancellationToken);
            groups = [.. groups.Select(g => g.Where(i => !its.Contains(i.Id)).ToList()).Where(g => g.Count > 0)];
        }
    }

    /// <summary>
    /// Makes the old entries of a repeated submission's inputs point to it. An input that has become a record meanwhile is not posted again: then
    /// its new entry points back.
    /// </summary>
    public async Task TakeOverAsync(SubmissionEntry repeat, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(repeat.SubmissionId, cancellationToken);
        var entries = inputs.ToDictionary(i => i.Id, StringComparer.Ordinal);
        // What waits in a submission that nobody posts goes on here. Where it may have been posted all the same, only failures do.
        var isOver = await ledger.GetSubmissionAsync(repeat.RepeatOf!, cancellationToken) is { State: SubmissionState.Refused, IsUnproven: false };
        int failures = 0;
        for (var again = true; again;)
        {
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

        if (await ledger.GetSubmissionAsync(repeat.RepeatOf!, cancellationToken) is { State: SubmissionState.Closed } closed && closed.Failures != failures)
            await reopening.ReopenAsync(closed.SubmissionId, TimeSpan.Zero, cancellationToken);
        await reopening.ReopenListAsync(repeat.ListId, cancellationToken);
    }

    private Task CreateAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> group, string id, int sequence, TimeSpan delay, CancellationToken cancellationToken)
    {
        var inputs = group.Select((input, ordinal) => new InputEntry
        {
            SubmissionId = id, Ordinal = ordinal, Id = input.Id, Url = input.Url, Input = input.Input, Line = input.Line,
        }).ToList();
        return ledger.CreateSubmissionAsync(
            new()
            {
                SubmissionId = id,
                ListId = submission.ListId,
                Sequence = sequence,
                State = SubmissionState.Planned,
                Count = inputs.Count,
                SharedInputs = submission.SharedInputs,
                Attempt = submission.Attempt,
                RepeatOf = submission.SubmissionId,
                WaitsFor = submission.WaitsFor,
                Hold = submission.Hold,
                HeldSince = submission.HeldSince,
                DueAt = time.GetUtcNow() + delay + SweepStage.PlannedGrace,
            },
            inputs,
            cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Inputs} failed inputs of submission {SubmissionId} are posted again, attempt {Attempt}.")]
    private partial void LogRetried(int inputs, string submissionId, int attempt);
}
