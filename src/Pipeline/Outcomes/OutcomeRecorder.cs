using System.Text.Json;
using Pipeline.Concurrency;
using Pipeline.Diagnostics;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Outcomes;

/// <summary>
/// Gives inputs their outcome, each once. A record is stored first, then written to the ledger, then announced: the
/// ledger decides which bytes count. A failure is first written to the ledger, which keeps its text, then published. So
/// repeating the work repairs a crash between two steps, and a record is never reported as a failure.
/// </summary>
internal sealed class OutcomeRecorder
{
    // Less than the time that hosts wait for their work at a stop.
    private static readonly TimeSpan FinishWithin = TimeSpan.FromSeconds(10);

    private readonly IRecordStore _store;
    private readonly Publisher _publisher;
    private readonly Reopening _reopening;
    private readonly TimeProvider _time;
    private readonly InputUpdates _updates;
    private readonly WithdrawnFailures _failures;
    private readonly RecordCounter _records;
    private readonly SeriesRecorder _series;

    public OutcomeRecorder(
        ILedger ledger, IRecordStore store, Publisher publisher, Reopening reopening, FinishedSubmissions finished,
        TimeProvider time)
    {
        (_store, _publisher, _reopening, _time) = (store, publisher, reopening, time);
        _updates = new(ledger, finished, time);
        _failures = new(store, _updates);
        _records = new(ledger, reopening, _updates, _failures, time);
        _series = new(ledger);
    }

    /// <summary>
    /// Stores the records of one message together, closes their inputs and announces the records that count. An input
    /// that was closed meanwhile keeps its record.
    /// </summary>
    public async Task RecordAsync(
        SubmissionEntry submission, IReadOnlyList<CollectedRecord> records, CancellationToken cancellationToken)
    {
        List<CollectedRecord> distinct = [.. records.DistinctBy(r => r.Record.Id, StringComparer.Ordinal)];
        var stored = await _store.PutRecordsAsync(
            CollectedRecord.PartOf(distinct), distinct.ConvertAll(r => r.Record), cancellationToken);
        CrashPoint.Pass("collect.after-sink");
        await _failures.RemoveEarlierAsync(submission, stored.Select(r => r.Id), cancellationToken);
        List<NewRecord> found =
        [
            .. distinct.Zip(stored, (record, place) => new NewRecord(
                record.Input, record.Message.TaskId, record.Message.DiscoveredBy, place, record.Record.Series,
                record.IsNewMatch)),
        ];
        // If the process is killed here, the next receiver of the message announces what is in the ledger, whole parts
        // at a time.
        using var finish = new StopGrace(FinishWithin, _time, cancellationToken);
        var settled = await _records.CountAsync(submission, found, finish.Token);
        CrashPoint.Pass("collect.after-ledger");
        OutcomeMetrics.Count(submission, distinct, _time.GetUtcNow());
        var places = stored.Select(r => r.Place).ToHashSet();
        await _publisher.AnnounceAsync(submission, settled.Where(i => places.Contains(i.Place)), finish.Token);
        CrashPoint.Pass("collect.after-announcement");
    }

    /// <summary>Announces the records among inputs again, for a message that may have been delivered before.</summary>
    public Task AnnounceAgainAsync(
        SubmissionEntry submission, IEnumerable<InputEntry> inputs, CancellationToken cancellationToken) =>
        _publisher.AnnounceAgainAsync(submission, inputs, cancellationToken);

    /// <summary>
    /// Turns a failed input into a recorded one if its record is stored, because a worker may have been killed before
    /// it updated the ledger.
    /// </summary>
    /// <returns>Whether a record is stored.</returns>
    public async Task<bool> RecoverAsync(
        SubmissionEntry submission, InputEntry failed, string taskId, DiscoveredBy discoveredBy,
        CancellationToken cancellationToken)
    {
        var stored = await _store.FindRecordsAsync(
            submission.ListId, submission.SubmissionId, [failed.Id], cancellationToken);
        if (!stored.TryGetValue(failed.Id, out var record))
            return false;
        var settled = await _records.CountAsync(
            submission, [new(failed, taskId, discoveredBy, record)], cancellationToken);
        await _publisher.AnnounceAgainAsync(submission, settled, cancellationToken);
        return true;
    }

    /// <summary>
    /// Call it after a submission was closed. Reopens its list if the list is closed, so that the manifest counts the
    /// submission.
    /// </summary>
    public Task HasClosedAsync(SubmissionEntry closed, CancellationToken cancellationToken) =>
        _reopening.ReopenListAsync(closed.ListId, cancellationToken);

    /// <summary>
    /// Takes back the failures of inputs, which then wait for another outcome. Deletes the stored failures and returns
    /// the updated inputs.
    /// </summary>
    public Task<IReadOnlyList<InputEntry>> TakeBackAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken) =>
        _failures.TakeBackAsync(submission, inputs, cancellationToken);

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
        var now = _time.GetUtcNow();
        // Records may be there from a worker that was killed before it wrote to the ledger, or from the time that a
        // restored ledger has forgotten. They count, however late they are found.
        var there = await _store.FindRecordsAsync(
            submission.ListId, submission.SubmissionId,
            [.. inputs.Where(i => i.State == InputState.Waiting).Select(i => i.Id)], cancellationToken);
        var failed = new InputChange(i => i.State != InputState.Waiting
            ? null
            : there.TryGetValue(i.Id, out var record)
            ? RecordCounter.Recorded(i, taskId ?? i.TaskId, discoveredBy, record, now)
            : Failed(submission, i, causeOf(i), taskId, now) with { DiscoveredBy = discoveredBy });
        var settled = await _updates.ApplyAsync(submission, inputs, failed, cancellationToken);
        CrashPoint.Pass("failure.after-ledger");
        await PutFailuresAsync(settled, cancellationToken);
        // Includes tasks whose worker may have been killed before it announced them.
        await _publisher.AnnounceAgainAsync(
            submission,
            settled.Where(i => there.ContainsKey(i.Id) || (taskId is not null && i.TaskId == taskId)),
            cancellationToken);
    }

    /// <summary>
    /// Makes the outcomes of a submission that is about to close known: failures and the file of its records to
    /// consumers, records to the series.
    /// </summary>
    public async Task SettleAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        await PutFailuresAsync(inputs, cancellationToken);
        await _store.CloseSubmissionAsync(
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
        return failures.Count == 0 ? Task.CompletedTask : _publisher.PublishAsync(failures, cancellationToken);
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
        SubmissionEntry submission, InputEntry input, FailureCause cause, string? taskId, DateTimeOffset now)
    {
        var (described, text) = EffectiveInput.Describe(submission.SharedInputs, input);
        return new()
        {
            Id = input.Id,
            ListId = submission.ListId,
            SubmissionId = submission.SubmissionId,
            BatchId = submission.BatchId,
            TaskId = taskId,
            Url = input.Url,
            Input = described,
            InputText = text,
            Line = input.Line,
            Stage = cause.Stage,
            Reason = cause.Reason,
            Message = cause.Message,
            Attempts = submission.Attempt,
            LastAttemptAt = now,
            Retryable = cause.IsRetryable ?? FailureRemedies.Of(cause.Reason).IsRetryable ?? true,
        };
    }
}
