using System.Globalization;
using Microsoft.Extensions.Logging;
using Pipeline.Intake.Reading;
using Pipeline.Model;
using Pipeline.Model.Schedules;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Scheduling;

/// <summary>
/// Submits the lists of schedules that are due. A list's id follows from the schedule and the due time, and the message
/// is sent before the schedule advances. So a process that is killed between the two, or that runs at the same time,
/// submits the same list, which counts once. One run makes up for all runs that were missed while nothing ran.
/// </summary>
internal sealed partial class ScheduleRunner(
    IScheduleLedger schedules, ILedger ledger, IWorkQueue queue, TimeProvider time, ILogger<ScheduleRunner> logger)
{
    // Sweep may run every second, and each read of a storage account is billed.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    private DateTimeOffset _lookedAt = DateTimeOffset.MinValue;

    /// <summary>Submits what is due. A schedule that cannot be used does not delay the others.</summary>
    /// <exception cref="PipelineException">Transient: the ledger or the queue is unavailable.</exception>
    public async Task FireDueAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (now - _lookedAt < LookEvery && now >= _lookedAt)
            return;
        foreach (var schedule in await schedules.GetSchedulesAsync(cancellationToken))
        {
            if (schedule.Entry is not { IsPaused: false, NextAt: { } due } || due > now)
                continue;
            try
            {
                await FireAsync(schedule, due, now, cancellationToken);
            }
            catch (PipelineException problem) when (problem.IsPermanent)
            {
                LogUnusable(schedule.Entry.Name, problem.Message);
            }
        }

        _lookedAt = now;
    }

    /// <summary>
    /// Submits the list of a schedule now. Its id follows from the time of the request, so repeating a request submits
    /// one list.
    /// </summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="askedAt">When it was requested, UTC.</param>
    /// <param name="cancellationToken">Stops between two steps; the same call continues.</param>
    /// <returns>The id of the list.</returns>
    public async Task<string> RunAsync(
        StoredSchedule schedule, DateTimeOffset askedAt, CancellationToken cancellationToken)
    {
        var listId = IdOf(schedule.Entry.Name, askedAt, "yyyyMMdd-HHmmss");
        await SendAsync(schedule.Entry, listId, cancellationToken);
        await schedules.UpdateScheduleAsync(
            schedule with { Entry = schedule.Entry with { LastAt = askedAt, LastListId = listId, WasSkipped = false } },
            cancellationToken);
        return listId;
    }

    private async Task FireAsync(
        StoredSchedule schedule, DateTimeOffset due, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var entry = schedule.Entry;
        var listId = IdOf(entry.Name, due, "yyyyMMdd-HHmm");
        var next = entry with
        {
            LastAt = due,
            NextAt = CronTimes.Next(entry.Cron, entry.TimeZone, now),
        };
        if (entry.Overlap == ScheduleOverlap.Skip && await IsOpenAsync(entry.LastListId, cancellationToken)
            && entry.LastListId != listId)
        {
            LogSkipped(entry.Name, due, entry.LastListId!);
            await schedules.UpdateScheduleAsync(
                schedule with { Entry = next with { WasSkipped = true } }, cancellationToken);
            return;
        }

        await SendAsync(entry, listId, cancellationToken);
        LogFired(entry.Name, due, listId);
        await schedules.UpdateScheduleAsync(
            schedule with { Entry = next with { LastListId = listId, WasSkipped = false } }, cancellationToken);
    }

    private async Task<bool> IsOpenAsync(string? listId, CancellationToken cancellationToken) =>
        listId is not null
        && await ledger.GetListAsync(listId, cancellationToken) is { State: ListState.Planning or ListState.Open };

    private Task SendAsync(ScheduleEntry entry, string listId, CancellationToken cancellationToken)
    {
        var pointer = new ListPointer(entry.Source, entry.SharedInputs, listId, entry.ListName)
        {
            UrlColumn = entry.UrlColumn,
            Series = entry.SeriesFields,
        };
        return queue.SendAsync(QueueNames.UrlLists, [pointer.ToMessage()], TimeSpan.Zero, cancellationToken);
    }

    private static string IdOf(string name, DateTimeOffset at, string format) =>
        $"{name}-{at.UtcDateTime.ToString(format, CultureInfo.InvariantCulture)}";

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Schedule {Schedule} submitted list {ListId}, which was due at {DueAt}.")]
    private partial void LogFired(string schedule, DateTimeOffset dueAt, string listId);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Schedule {Schedule} skipped its run of {DueAt}: list {ListId} of the previous run is still open.")]
    private partial void LogSkipped(string schedule, DateTimeOffset dueAt, string listId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Schedule {Schedule} cannot submit its list: {Reason}")]
    private partial void LogUnusable(string schedule, string reason);
}
