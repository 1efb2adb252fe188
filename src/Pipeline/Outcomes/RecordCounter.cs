using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Ports;

namespace Pipeline.Outcomes;

/// <summary>A stored record that the ledger does not know yet.</summary>
internal sealed record NewRecord(
    InputEntry Input, string TaskId, DiscoveredBy DiscoveredBy, StoredRecord Stored, InputSeries? Series = null,
    bool IsNewMatch = false);

/// <summary>Makes stored records the outcomes of their inputs, however late they arrive.</summary>
internal sealed class RecordCounter(
    ILedger ledger, Reopening reopening, InputUpdates updates, WithdrawnFailures failures, TimeProvider time)
{
    /// <summary>
    /// Writes to the ledger that records are stored, with one update for all inputs that wait. Returns the updated
    /// inputs.
    /// </summary>
    public async Task<IReadOnlyList<InputEntry>> CountAsync(
        SubmissionEntry submission, IReadOnlyList<NewRecord> records, CancellationToken cancellationToken)
    {
        var byId = records.ToDictionary(r => r.Input.Id, StringComparer.Ordinal);
        var recorded = new InputChange(i => i.State == InputState.Waiting && byId[i.Id] is { } r
            ? Recorded(i, r.TaskId, r.DiscoveredBy, r.Stored, time.GetUtcNow(), r.Series)
            : null);
        IReadOnlyList<InputEntry> settled = [.. records.Select(r => r.Input)];
        if (submission.State != SubmissionState.Closed)
        {
            List<TaskEntry> tasks =
            [
                .. records.Where(r => r.IsNewMatch).Select(r => new TaskEntry(r.TaskId, r.Input.Ordinal)),
            ];
            settled = await updates.ApplyAsync(submission, settled, recorded, cancellationToken, tasks);
        }

        var counted = new List<InputEntry>(settled.Count);
        foreach (var input in settled)
            counted.Add(
                input.State == InputState.Recorded
                    ? input
                    : await CountLateAsync(submission, input, recorded, cancellationToken));
        return counted;
    }

    /// <summary>Returns an input with a stored record as its outcome.</summary>
    public static InputEntry Recorded(
        InputEntry input, string? taskId, DiscoveredBy discoveredBy, StoredRecord stored, DateTimeOffset now,
        InputSeries? series = null) => input with
    {
        Series = series ?? input.Series,
        State = InputState.Recorded,
        Place = stored.Place,
        ContentDigest = stored.ContentDigest,
        TaskId = taskId,
        DiscoveredBy = discoveredBy == DiscoveredBy.None ? DiscoveredBy.Sweep : discoveredBy,
        HttpStatus = stored.HttpStatus ?? input.HttpStatus,
        Reason = null,
        Failure = null,
        FinishedAt = now,
    };

    /// <summary>
    /// Counts a record although Sweep failed its input, closed its submission or moved the input to another submission
    /// at the same moment. First the input waits again, in a reopened submission, so that a crash at any step leaves
    /// work that Sweep continues.
    /// </summary>
    private async Task<InputEntry> CountLateAsync(
        SubmissionEntry submission, InputEntry input, InputChange recorded, CancellationToken cancellationToken)
    {
        while (input.State != InputState.Recorded)
        {
            if (input.MovedTo is { } next)
            {
                submission = await ledger.GetSubmissionAsync(next, cancellationToken)
                    ?? throw new InvalidOperationException(
                        $"Input {input.Id} was moved to submission {next}, which is not there.");
                input = (await ledger.GetInputsAsync(next, cancellationToken)).Single(i => i.Id == input.Id);
                await failures.RemoveEarlierAsync(submission, [input.Id], cancellationToken);
                continue;
            }

            if (submission.State == SubmissionState.Closed || input.State == InputState.Failed)
            {
                input = (await failures.TakeBackAsync(submission, [input], cancellationToken))[0];
                submission = await reopening.ReopenAsync(submission.SubmissionId, TimeSpan.Zero, cancellationToken)
                    ?? submission;
            }

            input = (await updates.ApplyAsync(submission, [input], recorded, cancellationToken))[0];
        }

        return input;
    }
}
