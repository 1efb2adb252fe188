using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Submit;

namespace Pipeline.Steering;

/// <summary>
/// Pauses, resumes and cancels lists on an operator's request. The request is one conditional change of the list, so it
/// holds for all processes once it is written; repeating it does no harm. Submit checks before each POST, and Sweep
/// completes what a crash interrupted.
/// </summary>
internal sealed partial class ListControls(
    ILedger ledger, HeldSubmissions held, IEventLog events, TimeProvider time, ILogger<ListControls> logger)
{
    /// <summary>Posts nothing new of a list until it is resumed. What was posted is collected.</summary>
    /// <param name="listId">The list.</param>
    /// <param name="who">Who asked, for the log of events.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <returns>The list afterwards.</returns>
    /// <exception cref="PipelineException">Permanent: it is unknown, closed, refused or cancelled.</exception>
    public Task<ListEntry> PauseAsync(string listId, string who, CancellationToken cancellationToken) =>
        SteerAsync(listId, ListSteering.Paused, who, cancellationToken);

    /// <summary>Resumes a paused list.</summary>
    /// <inheritdoc cref="PauseAsync"/>
    public async Task<ListEntry> ResumeAsync(string listId, string who, CancellationToken cancellationToken)
    {
        var list = await SteerAsync(listId, ListSteering.None, who, cancellationToken);
        // Do this even if the list was already resumed, because that call may have been interrupted.
        await held.WakeAsync(list, cancellationToken);
        return list;
    }

    /// <summary>
    /// Ends a list: planned inputs fail as <c>cancelled</c>, posted ones are collected, then the list closes with its
    /// manifest. Sweep does the work.
    /// </summary>
    /// <inheritdoc cref="PauseAsync"/>
    public Task<ListEntry> CancelAsync(string listId, string who, CancellationToken cancellationToken) =>
        SteerAsync(listId, ListSteering.Cancelled, who, cancellationToken);

    /// <summary>
    /// Lets inputs of a cancelled list be posted again. The list must be closed; otherwise its planned inputs would be
    /// posted too.
    /// </summary>
    /// <inheritdoc cref="PauseAsync"/>
    public async Task AllowResubmissionAsync(string listId, CancellationToken cancellationToken)
    {
        while (await ledger.GetListAsync(listId, cancellationToken) is { Steering: ListSteering.Cancelled } list)
        {
            if (list.State != ListState.Closed)
                throw Refuse($"List {listId} is being cancelled. Run the same command again when it is closed.");
            if (await ledger.UpdateListAsync(list with { Steering = ListSteering.None }, cancellationToken) is not null)
                return;
        }
    }

    private async Task<ListEntry> SteerAsync(
        string listId, ListSteering wanted, string who, CancellationToken cancellationToken)
    {
        while (true)
        {
            var list = SubmissionIds.IsWellFormed(listId) ? await ledger.GetListAsync(listId, cancellationToken) : null;
            if (list?.Steering == wanted && IsSteerable(list))
                return list;
            Check(listId, list, wanted);
            var now = time.GetUtcNow();
            if (await ledger.UpdateListAsync(list! with { Steering = wanted, SteeredAt = now }, cancellationToken)
                is not { } steered)
                continue;
            var (kind, text) = Describe(wanted, list.Steering);
            await events.AddEventAsync(new(now, kind, listId, who, text), cancellationToken);
            LogSteered(listId, kind, who);
            return steered;
        }
    }

    // A cancelled list has ended as the operator wanted.
    private static bool IsSteerable(ListEntry list) => list.State is ListState.Planning or ListState.Open
        || list is { State: ListState.Closed, Steering: ListSteering.Cancelled };

    private static void Check(string listId, ListEntry? list, ListSteering wanted)
    {
        var verb = wanted switch
        {
            ListSteering.Paused => "paused",
            ListSteering.Cancelled => "cancelled",
            _ => "resumed",
        };
        var problem = list switch
        {
            null => $"No list {DisplayText.Quote(listId)} is known. 'pipeline status' shows the lists.",
            { State: ListState.Closed } => $"List {listId} is closed, so it cannot be {verb}.",
            { State: ListState.Refused } => $"List {listId} was refused, so it cannot be {verb}.",
            { Steering: ListSteering.Cancelled } =>
                $"List {listId} is cancelled, so it cannot be {verb}. When it is closed, "
                    + $"'pipeline replay {listId} --resubmit' posts its inputs again.",
            _ => null,
        };
        if (problem is not null)
            throw Refuse(problem);
    }

    private static (string Kind, string Text) Describe(ListSteering wanted, ListSteering before) => wanted switch
    {
        ListSteering.Paused => (EventKinds.Paused, "Paused: nothing new is posted, posted inputs are collected."),
        ListSteering.Cancelled => (EventKinds.Cancelled, before == ListSteering.Paused
            ? "Cancelled while paused: planned inputs end, posted ones are collected."
            : "Cancelled: planned inputs end, posted ones are collected."),
        _ => (EventKinds.Resumed, "Resumed."),
    };

    private static PipelineException Refuse(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidInput, message);

    [LoggerMessage(Level = LogLevel.Information, Message = "List {ListId} was {Kind} by {Who}.")]
    private partial void LogSteered(string listId, string kind, string who);
}
