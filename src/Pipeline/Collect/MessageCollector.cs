using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Concurrency;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <summary>
/// Collects the tasks of a message at the same time and stores their records together, as one part. Tasks share a
/// message and a part but succeed or fail independently: one that fails is postponed in a message of its own, and one
/// that is slow gets a part of its own.
/// </summary>
internal sealed partial class MessageCollector(
    ILedger ledger,
    TaskCollector tasks,
    OutcomeRecorder outcomes,
    PageStatusCounter pages,
    Postponement postponement,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<MessageCollector> logger) : IDisposable
{
    /// <summary>How long finished tasks of a message wait for the others before they are stored without them.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _slots = new(options.Value.Collect.Concurrency);

    // The tasks of a message wait for each other here. If its list already has its share of readers, the whole message
    // is postponed: postponing tasks one by one would take a message for each, which costs far more than waiting.
    private readonly ListShares _messages = new(options.Value.Collect.ConcurrencyPerList, time);
    private readonly ListShares _reads = new(options.Value.Collect.ConcurrencyPerList, time);

    // Reading may be faster than storing. Without a limit, waiting records would fill the staging memory, and even
    // small records would go to files.
    private readonly ListShares _staging = new(options.Value.Collect.StagedPerList, time);

    /// <summary>Collects every task of a message that belongs to a submission.</summary>
    public async Task CollectAsync(
        SubmissionEntry submission, ResultMessage message, CancellationToken cancellationToken)
    {
        using var turn = await _messages.TryEnterAsync(submission.ListId, cancellationToken);
        await (turn is null
            ? postponement.WaitForTurnAsync(message, cancellationToken)
            : CollectEachAsync(submission, message, cancellationToken));
    }

    public void Dispose() => _slots.Dispose();

    private async Task CollectEachAsync(
        SubmissionEntry submission, ResultMessage message, CancellationToken cancellationToken)
    {
        List<ResultMessage> each = [.. message.Each().DistinctBy(one => one.TaskId, StringComparer.Ordinal)];
        var rows = (await ledger.GetTaskInputsAsync(
                submission.SubmissionId, each.ConvertAll(one => one.TaskId), cancellationToken))
            .ToDictionary(row => row.Task.TaskId, StringComparer.Ordinal);
        CountHints(message, each.Count, rows.Values.Count(row => row.Input is { State: not InputState.Waiting }));
        await outcomes.AnnounceAgainAsync(
            submission, rows.Values.Select(row => row.Input).OfType<InputEntry>(), cancellationToken);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = each.ConvertAll(one => new Attempt(one, TryCollectAsync(
            submission, one, rows.GetValueOrDefault(one.TaskId), each.Count > 1, stop.Token)));
        List<Attempt> open = [.. running];
        try
        {
            while (running.Count > 0)
            {
                var ended = await FinishedAsync(running, cancellationToken);
                await StoreAsync(
                    submission, [.. ended.Select(attempt => attempt.Collecting.Result).OfType<CollectedRecord>()],
                    each.Count > 1, cancellationToken);
                open.RemoveAll(ended.Contains);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await DisposeAsync(running);
            if (!await GiveBackAsync(message, open, each.Count))
                throw;
        }
        finally
        {
            await stop.CancelAsync();
            await DisposeAsync(running);
        }
    }

    /// <summary>Counts what a webhook reported, once: a redelivered message is not a new report.</summary>
    private static void CountHints(ResultMessage message, int tasks, int ended)
    {
        if (message is not { DiscoveredBy: DiscoveredBy.Webhook, Tries: 0 })
            return;
        PipelineMetrics.CountHints("repeated", ended);
        PipelineMetrics.CountHints("new", tasks - ended);
    }

    /// <summary>
    /// Gives back only the tasks without an outcome, because the next receiver would announce the others again.
    /// </summary>
    /// <returns>False if no task has an outcome: the host gives the message back as it is.</returns>
    private async Task<bool> GiveBackAsync(ResultMessage message, IReadOnlyList<Attempt> open, int all)
    {
        List<string> left = [.. open.Where(attempt => !attempt.IsSettled).Select(attempt => attempt.Message.TaskId)];
        if (left.Count == all)
            return false;
        if (left.Count > 0)
            await postponement.GiveBackAsync(message, left);
        LogGivenBack(message.SubmissionId, left.Count, all);
        return true;
    }

    /// <summary>
    /// Waits for all tasks, but after the first one only for <see cref="Patience"/>. Removes and returns those that
    /// have ended.
    /// </summary>
    private async Task<IReadOnlyList<Attempt>> FinishedAsync(
        List<Attempt> running, CancellationToken cancellationToken)
    {
        var tasks = running.ConvertAll(attempt => attempt.Collecting);
        // Exceptions are those of the tasks themselves, which are handled below.
        var all = Task.WhenAll(tasks).ContinueWith(static ended => ended.Exception, TaskScheduler.Default);
        await Task.WhenAny(tasks);
        if (!all.IsCompleted)
            await Task.WhenAny(all, Task.Delay(Patience, time, cancellationToken));
        var ended = running.Where(attempt => attempt.Collecting.IsCompleted).ToList();
        if (ended.Find(attempt => !attempt.Collecting.IsCompletedSuccessfully) is { } broken)
            await broken.Collecting;
        running.RemoveAll(ended.Contains);
        return ended;
    }

    private async Task<CollectedRecord?> TryCollectAsync(
        SubmissionEntry submission, ResultMessage message, TaskInput? row, bool isShared,
        CancellationToken cancellationToken)
    {
        try
        {
            return await CollectAsync(submission, message, row, isShared, cancellationToken);
        }
        catch (Exception error) when (isShared && MayGoOnAlone(error, cancellationToken))
        {
            await PostponeAsync(message, error, cancellationToken);
            return null;
        }
    }

    private async Task<CollectedRecord?> CollectAsync(
        SubmissionEntry submission, ResultMessage message, TaskInput? row, bool isShared,
        CancellationToken cancellationToken)
    {
        var room = await _staging.EnterAsync(submission.ListId, cancellationToken);
        CollectedRecord? record = null;
        try
        {
            record = await ReadAsync(submission, message, row, isShared, cancellationToken);
            return record is null ? null : record with { Room = room };
        }
        finally
        {
            if (record is null)
                room.Dispose();
        }
    }

    private async Task<CollectedRecord?> ReadAsync(
        SubmissionEntry submission, ResultMessage message, TaskInput? row, bool isShared,
        CancellationToken cancellationToken)
    {
        using var turn = await _reads.EnterAsync(submission.ListId, cancellationToken);
        await _slots.WaitAsync(cancellationToken);
        try
        {
            var record = await tasks.CollectAsync(submission, message, row, cancellationToken);
            if (record is not { Record.IsSpilled: true })
                return record;
            // A record in a file is stored in its own turn, because files of waiting records would add up.
            await StoreAsync(submission, [record], isShared, cancellationToken);
            return null;
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>Stores records as one part. Those that cannot be stored continue in messages of their own.</summary>
    private async Task StoreAsync(
        SubmissionEntry submission, IReadOnlyList<CollectedRecord> records, bool isShared,
        CancellationToken cancellationToken)
    {
        if (records.Count == 0)
            return;
        try
        {
            await outcomes.RecordAsync(submission, records, cancellationToken);
            foreach (var record in records)
            {
                pages.Add(record.Record.HttpStatus);
            }
        }
        catch (PipelineException outage) when (outage is { IsPermanent: false, IsStoreFault: false })
        {
            foreach (var record in records)
                await postponement.WaitOutAsync(record.Message, outage, cancellationToken);
        }
        catch (Exception error) when (isShared && MayGoOnAlone(error, cancellationToken))
        {
            foreach (var record in records)
                await PostponeAsync(record.Message, error, cancellationToken);
        }
        finally
        {
            foreach (var record in records)
                await record.DisposeAsync();
        }
    }

    private Task PostponeAsync(ResultMessage message, Exception error, CancellationToken cancellationToken)
    {
        LogPostponed(error, message.TaskId, message.SubmissionId);
        return postponement.PostponeAsync(message, cancellationToken, (error as PipelineException)?.RetryAfter);
    }

    private static bool MayGoOnAlone(Exception error, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && error is not PipelineException { IsStoreFault: true };

    /// <summary>Waits for attempts to end and disposes their records. Repeating it is harmless.</summary>
    private static async Task DisposeAsync(List<Attempt> unstored)
    {
        foreach (var (_, task) in unstored)
        {
            await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (task is { IsCompletedSuccessfully: true, Result: { } record })
                await record.DisposeAsync();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Failed to collect task {TaskId} of submission {SubmissionId}; it will be retried in a message of its own.")]
    private partial void LogPostponed(Exception error, string taskId, string submissionId);

    [LoggerMessage(Level = LogLevel.Information, Message =
        "The host is stopping. Tasks of submission {SubmissionId} returned to the queue: {Left} of {All}.")]
    private partial void LogGivenBack(string submissionId, int left, int all);

    /// <summary>The work on one task of a message.</summary>
    private sealed record Attempt(ResultMessage Message, Task<CollectedRecord?> Collecting)
    {
        /// <summary>Whether the task has an outcome, or a message of its own, and nothing is left to store.</summary>
        public bool IsSettled => Collecting is { IsCompletedSuccessfully: true, Result: null };
    }
}
