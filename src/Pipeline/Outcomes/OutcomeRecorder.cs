using System.Text.Json;
using Pipeline.Concurrency;
using Pipeline.Diagnostics;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Ports;

namespace Pipeline.Outcomes;

/// <summary>Why inputs failed.</summary>
/// <param name="Stage">Where: <c>submit</c>, <c>collect</c>, <c>sweep</c>.</param>
/// <param name="Reason">One of <see cref="FailureReasons"/>.</param>
/// <param name="Message">Message for people: what is wrong, where, and what to do.</param>
/// <param name="IsRetryable">Whether another attempt may help; null if the reason decides that.</param>
/// <param name="HttpStatus">The page's HTTP status if it is the cause; otherwise null.</param>
internal sealed record FailureCause(
    string Stage, string Reason, string Message, bool? IsRetryable = null, int? HttpStatus = null);

/// <summary>
/// Gives inputs their outcome, each once. A record is stored before the ledger says so, and announced after that: the
/// ledger decides which bytes count. A failure is decided in the ledger, which keeps its text, before it is published.
/// So repeating the work heals a crash between two steps, and a record is never reported as a failure.
/// </summary>
internal sealed class OutcomeRecorder(
    ILedger ledger, IRecordStore store, Publisher publisher, Reopening reopening,
    FinishedSubmissions finished, TimeProvider time)
{
    // Below the time that hosts wait for their work at a stop.
    private static readonly TimeSpan FinishWithin = TimeSpan.FromSeconds(10);

    private readonly SeriesRecorder _series = new(ledger);

    /// <summary>
    /// Stores the records of one message together, closes their inputs and announces those that won: an input that
    /// somebody else closed meanwhile keeps the record that it has.
    /// </summary>
    public async Task RecordAsync(
        SubmissionEntry submission, IReadOnlyList<CollectedRecord> records, CancellationToken cancellationToken)
    {
        List<CollectedRecord> distinct = [.. records.DistinctBy(r => r.Record.Id, StringComparer.Ordinal)];
        var stored = await store.PutRecordsAsync(
            CollectedRecord.PartOf(distinct), distinct.ConvertAll(r => r.Record), cancellationToken);
        CrashPoint.Pass("collect.after-sink");
        await RemoveFailuresAsync(submission, stored.Select(r => r.Id), cancellationToken);
        List<NewRecord> found =
        [
            .. distinct.Zip(stored, (record, place) => new NewRecord(
                record.Input, record.Message.TaskId, record.Message.DiscoveredBy, place, record.Record.Series,
                record.IsNewMatch)),
        ];
        // What is in the ledger and not announced is announced by whoever gets the message next, whole parts at a time.
        using var finish = new StopGrace(FinishWithin, time, cancellationToken);
        var settled = await CountRecordsAsync(submission, found, finish.Token);
        CrashPoint.Pass("collect.after-ledger");
        OutcomeMetrics.Count(submission, distinct, time.GetUtcNow());
        var places = stored.Select(r => r.Place).ToHashSet();
        await publisher.AnnounceAsync(submission, settled.Where(i => places.Contains(i.Place)), finish.Token);
        CrashPoint.Pass("collect.after-announcement");
    }

    /// <summary>Announces the records among inputs again, for a message that may have come before.</summary>
    public Task AnnounceAgainAsync(
        SubmissionEntry submission, IEnumerable<InputEntry> inputs, CancellationToken cancellationToken) =>
        publisher.AnnounceAgainAsync(submission, inputs, cancellationToken);

    /// <summary>
    /// Turns a failed input into a recorded one if its record is stored: a worker may have been killed before it
    /// updated the ledger.
    /// </summary>
    /// <returns>Whether a record is stored.</returns>
    public async Task<bool> RecoverAsync(
        SubmissionEntry submission, InputEntry failed, string taskId, DiscoveredBy discoveredBy,
        CancellationToken cancellationToken)
    {
        var stored = await store.FindRecordsAsync(
            submission.ListId, submission.SubmissionId, [failed.Id], cancellationToken);
        if (!stored.TryGetValue(failed.Id, out var record))
            return false;
        var settled = await CountRecordsAsync(
            submission, [new(failed, taskId, discoveredBy, record)], cancellationToken);
        await publisher.AnnounceAgainAsync(submission, settled, cancellationToken);
        return true;
    }

    /// <summary>
    /// Call it after a submission was closed. Opens its list again if the list is closed, so that the manifest counts
    /// the submission.
    /// </summary>
    public Task HasClosedAsync(SubmissionEntry closed, CancellationToken cancellationToken) =>
        reopening.ReopenListAsync(closed.ListId, cancellationToken);

    /// <summary>
    /// Lets failed inputs wait for another outcome, and returns the updated inputs. Deletes their stored failures
    /// first: nothing refers to the failure of an input that waits.
    /// </summary>
    public async Task<IReadOnlyList<InputEntry>> TakeBackAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        await store.RemoveFailuresAsync(
            submission.ListId, [.. inputs.Where(i => i.State == InputState.Failed).Select(i => i.Id)],
            cancellationToken);
        var waiting = new InputChange(i => i.State != InputState.Failed ? null : i with
        {
            State = InputState.Waiting,
            TaskId = null,
            DiscoveredBy = DiscoveredBy.None,
            HttpStatus = null,
            Reason = null,
            Failure = null,
            FinishedAt = null,
        });
        return await FinishAsync(submission, inputs, waiting, cancellationToken);
    }

    /// <summary>Fails the inputs that have neither an outcome nor a stored record, for the same cause.</summary>
    public Task FailAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, FailureCause cause,
        CancellationToken cancellationToken, string? taskId = null, DiscoveredBy discoveredBy = DiscoveredBy.None) =>
        FailEachAsync(submission, inputs, _ => cause, cancellationToken, taskId, discoveredBy);

    /// <summary>Fails the inputs that have neither an outcome nor a stored record, each for its own cause.</summary>
    public async Task FailEachAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, Func<InputEntry, FailureCause> causeOf,
        CancellationToken cancellationToken, string? taskId = null, DiscoveredBy discoveredBy = DiscoveredBy.None)
    {
        var now = time.GetUtcNow();
        // A worker that was killed between store and ledger has left records. They count, however late they are found.
        IReadOnlyDictionary<string, StoredRecord> there = submission.AcceptedAt is null
            ? new Dictionary<string, StoredRecord>()
            : await store.FindRecordsAsync(
                submission.ListId, submission.SubmissionId,
                [.. inputs.Where(i => i.State == InputState.Waiting).Select(i => i.Id)], cancellationToken);
        var failed = new InputChange(i => i.State != InputState.Waiting
            ? null
            : there.TryGetValue(i.Id, out var record)
            ? Recorded(i, taskId ?? i.TaskId, discoveredBy, record)
            : Failed(submission, i, causeOf(i), taskId, now) with { DiscoveredBy = discoveredBy });
        var settled = await FinishAsync(submission, inputs, failed, cancellationToken);
        CrashPoint.Pass("failure.after-ledger");
        await PutFailuresAsync(settled, cancellationToken);
        // Also a task whose message may have died before it was announced.
        await publisher.AnnounceAgainAsync(
            submission,
            settled.Where(i => there.ContainsKey(i.Id) || (taskId is not null && i.TaskId == taskId)),
            cancellationToken);
    }

    /// <summary>
    /// Makes the outcomes of a submission known that is about to close: failures and the file of its records to
    /// consumers, records to the series.
    /// </summary>
    public async Task SettleAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        await PutFailuresAsync(inputs, cancellationToken);
        await store.CloseSubmissionAsync(
            submission.ListId, submission.SubmissionId, inputs, cancellationToken);
        await _series.RecordAsync(submission, inputs, cancellationToken);
    }

    /// <summary>Publishes the failures among inputs as the ledger has them. Repeating it is harmless.</summary>
    public Task PutFailuresAsync(IEnumerable<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var failures = inputs
            .Where(i => i is { State: InputState.Failed, Failure: not null })
            .Select(FailureText.Read)
            .ToList();
        return failures.Count == 0 ? Task.CompletedTask : publisher.PublishAsync(failures, cancellationToken);
    }

    /// <summary>
    /// Writes to the ledger that records are stored; all inputs that wait are in one update. Returns the updated
    /// inputs.
    /// </summary>
    private async Task<IReadOnlyList<InputEntry>> CountRecordsAsync(
        SubmissionEntry submission, IReadOnlyList<NewRecord> records, CancellationToken cancellationToken)
    {
        var byId = records.ToDictionary(r => r.Input.Id, StringComparer.Ordinal);
        var recorded = new InputChange(i => i.State == InputState.Waiting && byId[i.Id] is { } r
            ? Recorded(i, r.TaskId, r.DiscoveredBy, r.Stored, r.Series)
            : null);
        IReadOnlyList<InputEntry> settled = [.. records.Select(r => r.Input)];
        if (submission.State != SubmissionState.Closed)
        {
            List<TaskEntry> tasks =
            [
                .. records.Where(r => r.IsNewMatch).Select(r => new TaskEntry(r.TaskId, r.Input.Ordinal)),
            ];
            settled = await FinishAsync(submission, settled, recorded, cancellationToken, tasks);
        }

        var counted = new List<InputEntry>(settled.Count);
        foreach (var input in settled)
            counted.Add(
                input.State == InputState.Recorded
                    ? input
                    : await CountLateRecordAsync(submission, input, recorded, cancellationToken));
        return counted;
    }

    /// <summary>
    /// Counts a record although Sweep failed its input, closed its submission or moved the input to another submission
    /// at the same moment. The input waits again first, in a submission that is open again, so that a crash at any step
    /// leaves work that Sweep continues.
    /// </summary>
    private async Task<InputEntry> CountLateRecordAsync(
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
                await RemoveFailuresAsync(submission, [input.Id], cancellationToken);
                continue;
            }

            if (submission.State == SubmissionState.Closed || input.State == InputState.Failed)
            {
                input = (await TakeBackAsync(submission, [input], cancellationToken))[0];
                submission = await reopening.ReopenAsync(submission.SubmissionId, TimeSpan.Zero, cancellationToken)
                    ?? submission;
            }

            input = (await FinishAsync(submission, [input], recorded, cancellationToken))[0];
        }

        return input;
    }

    /// <summary>Removes the failures of the earlier submissions that inputs moved from.</summary>
    private Task RemoveFailuresAsync(
        SubmissionEntry submission, IEnumerable<string> ids, CancellationToken cancellationToken) =>
        submission.RepeatOf is null
            ? Task.CompletedTask
            : store.RemoveFailuresAsync(submission.ListId, [.. ids], cancellationToken);

    private InputEntry Recorded(
        InputEntry input, string? taskId, DiscoveredBy discoveredBy, StoredRecord stored, InputSeries? series = null) =>
        input with
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
        FinishedAt = time.GetUtcNow(),
    };

    /// <summary>
    /// Applies a change to inputs and returns the updated inputs. Inputs that another worker changed in the meantime
    /// are read again and changed again.
    /// </summary>
    private async Task<IReadOnlyList<InputEntry>> FinishAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, InputChange change,
        CancellationToken cancellationToken, IReadOnlyList<TaskEntry>? tasks = null)
    {
        var settled = new List<InputEntry>(inputs.Count);
        var hasFinished = false;
        for (var pending = inputs; pending.Count > 0;)
        {
            var changes = pending.Select(before => (Before: before, After: change(before))).ToList();
            settled.AddRange(changes.Where(c => c.After is null).Select(c => c.Before));
            changes.RemoveAll(c => c.After is null);
            if (changes.Count == 0)
                break;
            var written = await ledger.UpdateInputsAsync(
                [.. changes.Select(c => c.After!)], tasks ?? [], cancellationToken);
            settled.AddRange(written.OfType<InputEntry>());
            OutcomeMetrics.Count(submission, written.OfType<InputEntry>());
            hasFinished |= changes.Where((c, i) =>
                written[i] is { State: not InputState.Waiting } && c.Before.State == InputState.Waiting).Any();
            pending = await ReadAgainAsync(
                changes.Where((_, i) => written[i] is null).Select(c => c.Before), cancellationToken);
        }

        if (hasFinished)
            await EndWaitAsync(submission.SubmissionId, cancellationToken);
        return settled;
    }

    private async Task<IReadOnlyList<InputEntry>> ReadAgainAsync(
        IEnumerable<InputEntry> lost, CancellationToken cancellationToken)
    {
        var fresh = new List<InputEntry>();
        foreach (var input in lost)
            if (await ledger.GetInputAsync(input.SubmissionId, input.Ordinal, cancellationToken) is { } entry)
                fresh.Add(entry);
        return fresh;
    }

    /// <summary>
    /// Lets Sweep close a submission at once instead of at its next look, if no input of it waits any more. The ledger
    /// counts in the transactions that give outcomes, so whoever gives the last one sees that here, however many
    /// processes share the work.
    /// </summary>
    private async Task EndWaitAsync(string submissionId, CancellationToken cancellationToken)
    {
        if ((await ledger.CountOutcomesAsync(submissionId, cancellationToken)).Waiting > 0)
            return;
        while (await ledger.GetSubmissionAsync(submissionId, cancellationToken) is { DueAt: { } due } submission
            && due > time.GetUtcNow())
            if (await ledger.UpdateSubmissionAsync(submission.LookNow(time.GetUtcNow()), cancellationToken) is not null)
                break;
        finished.Add(submissionId);
    }

    private static InputEntry Failed(
        SubmissionEntry submission, InputEntry input, FailureCause cause, string? taskId, DateTimeOffset now) =>
        input with
    {
        State = InputState.Failed,
        TaskId = taskId,
        HttpStatus = cause.HttpStatus,
        Reason = cause.Reason,
        Failure = JsonSerializer.Serialize(Describe(submission, input, cause, taskId, now), PipelineJson.Plain.Failure),
        FinishedAt = now,
    };

    private static Failure Describe(
        SubmissionEntry submission, InputEntry input, FailureCause cause, string? taskId, DateTimeOffset now) => new()
    {
        Id = input.Id,
        ListId = submission.ListId,
        SubmissionId = submission.SubmissionId,
        BatchId = submission.BatchId,
        TaskId = taskId,
        Url = input.Url,
        Input = EffectiveInput.Describe(submission.SharedInputs, input),
        Line = input.Line,
        Stage = cause.Stage,
        Reason = cause.Reason,
        Message = cause.Message,
        Attempts = submission.Attempt,
        LastAttemptAt = now,
        Retryable = cause.IsRetryable ?? FailureRemedies.Of(cause.Reason).IsRetryable ?? true,
    };

    private delegate InputEntry? InputChange(InputEntry input);

    /// <summary>A stored record that the ledger does not know yet.</summary>
    private sealed record NewRecord(
        InputEntry Input, string TaskId, DiscoveredBy DiscoveredBy, StoredRecord Stored, InputSeries? Series = null,
        bool IsNewMatch = false);
}
