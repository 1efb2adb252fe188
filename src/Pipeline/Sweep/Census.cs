using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Sweep;

/// <summary>
/// Counts lists, submissions, inputs, queues and the day's budget for <see cref="StateMetrics"/>: at most once a
/// minute, for a tenth of the time, with a bounded number of requests, and only if somebody listens. What it cannot
/// read is missing from the metrics; nothing else fails because of that.
/// </summary>
internal sealed partial class Census(
    ILedger ledger, IWorkReceiver queues, BudgetGuard budget, TimeProvider time, ILogger<Census> logger)
{
    // The next count comes after ten times as long as the last one took.
    private const int Pause = 10;

    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private static readonly string[] Queues =
    [
        QueueNames.UrlLists, QueueNames.Submissions, QueueNames.Results, QueueNames.Notifications, QueueNames.Exports,
    ];

    private DateTimeOffset _next = DateTimeOffset.MinValue;

    /// <summary>Counts, unless the last count is recent.</summary>
    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        var started = time.GetUtcNow();
        if (!StateMetrics.IsEnabled || started < _next)
            return;
        try
        {
            await CountListsAsync(started, cancellationToken);
            await CountQueuesAsync(started, cancellationToken);
            if (budget.DayLimit is { } limit)
                StateMetrics.MeasureBudget(await budget.GetUsedAsync(started, cancellationToken), limit);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogMissed(error is PipelineException ? null : error, error.Message);
        }

        var ended = time.GetUtcNow();
        _next = ended + (Pause * (ended - started) is var pause && pause > Period ? pause : Period);
    }

    private async Task CountListsAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var count = new LedgerCensus(ledger);
        await foreach (var list in ledger.GetOpenListsAsync(cancellationToken))
            await count.AddAsync(list, cancellationToken);
        StateMetrics.MeasureLists(count.Lists, count.Skipped);
        StateMetrics.MeasureSubmissions(count.Submissions);
        StateMetrics.MeasureInputs(count.Inputs, now - (count.OldestSince ?? now));
        // Checks measure only submissions that exist, so only this measures that none is left.
        if (count.UnknownSince is not null || count.Skipped == 0)
            PipelineMetrics.MeasureUnknown(now - (count.UnknownSince ?? now));
    }

    private async Task CountQueuesAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var queue in Queues.Concat(queues.OutputQueues))
        {
            var since = await queues.WaitingSinceAsync(queue, cancellationToken);
            StateMetrics.MeasureQueue(queue, await queues.CountAsync(queue, cancellationToken), now - (since ?? now));
        }
    }

    [LoggerMessage(
        Level = LogLevel.Information, Message = "The metrics of lists and queues are not up to date: {Reason}")]
    private partial void LogMissed(Exception? error, string reason);
}
