using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Replay;

/// <summary>
/// Reads the stored results of a complete list again with the current settings, and posts nothing. The records belong
/// to a list of their own, <c>{id}-r1</c>, <c>{id}-r2</c> and so on, and have ids of their own, so consumers never see
/// two records with one id.
/// </summary>
internal sealed partial class ReprocessStage(
    ILedger ledger, IListEraser eraser, IWorkQueue queue, Publisher publisher, TimeProvider time,
    ILogger<ReprocessStage> logger)
{
    // Sweep need not check before Collect has received the messages.
    private static readonly TimeSpan Handover = TimeSpan.FromSeconds(30);

    /// <summary>Starts reading a list's results again, or continues after a kill.</summary>
    /// <param name="listId">A list whose manifest is published.</param>
    /// <param name="cancellationToken">Cancels between two submissions; the same call continues later.</param>
    /// <returns>The id of the list that gets the records.</returns>
    /// <exception cref="PipelineException">Permanent: there is no such list, or it is not complete.</exception>
    public async Task<string> ReprocessAsync(string listId, CancellationToken cancellationToken)
    {
        var list = await ledger.GetListAsync(listId, cancellationToken)
            ?? throw Unusable($"There is no list '{listId}'. 'pipeline status' lists those that are open.");
        if (list.State != ListState.Closed)
            throw Unusable($"List {listId} is not complete yet. 'pipeline status {listId}' says what it waits for.");
        var revision = await CreateAsync(list, cancellationToken);
        // An erasure looks for revisions after it has left its hash, so one of the two finds the other.
        if (await ledger.IsErasedAsync(listId, cancellationToken))
        {
            await eraser.EraseAsync(revision.ListId, (_, _, _) => Task.FromResult(false), cancellationToken);
            throw Unusable($"There is no list '{listId}' any more: it was erased meanwhile.");
        }

        if (revision.State != ListState.Planning)
            return revision.ListId;
        var plan = new RevisionPlan(revision, time.GetUtcNow(), time.GetUtcNow() + Handover);
        await foreach (var submission in ledger.GetSubmissionsAsync(listId, cancellationToken))
        {
            var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
            var tasks = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
            if (plan.Add(submission, inputs, tasks) is { } planned)
                await WriteAsync(planned, cancellationToken);
        }
        await OpenAsync(revision, list, plan, cancellationToken);
        LogStarted(listId, revision.ListId, plan.Inputs);
        return revision.ListId;
    }

    /// <summary>Creates the next revision, or returns the last one if it is not complete.</summary>
    private async Task<ListEntry> CreateAsync(ListEntry list, CancellationToken cancellationToken)
    {
        for (var number = 1; ; number++)
        {
            var id = $"{list.ListId}-r{number}";
            if (!ListIds.IsValid(id))
                throw Unusable($"The id '{list.ListId}' is too long: its revision would be called '{id}'.");
            if (await ledger.IsErasedAsync(id, cancellationToken))
                continue;
            var revision = await ledger.CreateListAsync(
                new()
                {
                    ListId = id,
                    State = ListState.Planning,
                    Source = list.Source,
                    CreatedAt = time.GetUtcNow(),
                    ContentHash = list.ContentHash,
                    RevisionOf = list.ListId,
                },
                cancellationToken);
            if (revision.RevisionOf == list.ListId && revision.State != ListState.Closed)
                return revision;
        }
    }

    private async Task WriteAsync(PlannedRevision planned, CancellationToken cancellationToken)
    {
        var (submission, inputs, tasks, failures) = planned;
        // As in Intake: every failure in the ledger must be published.
        if (failures.Count > 0)
            await publisher.PublishAsync(failures, cancellationToken);
        await ledger.CreateSubmissionAsync(submission, inputs, cancellationToken);
        CrashPoint.Pass("repeat.after-submission");
        if (tasks.Count == 0)
            return;
        await ledger.AddTasksAsync(submission.SubmissionId, tasks, cancellationToken);
        await queue.SendAsync(
            submission.SubmissionId, tasks.Select(t => t.TaskId), DiscoveredBy.Listing, time.GetUtcNow(),
            cancellationToken);
    }

    private async Task OpenAsync(
        ListEntry revision, ListEntry list, RevisionPlan plan, CancellationToken cancellationToken)
    {
        for (var current = revision; current is { State: ListState.Planning };)
        {
            var open = current with
            {
                State = ListState.Open,
                Inputs = plan.Inputs,
                Invalid = list.Invalid,
                Submissions = plan.Submissions,
            };
            if (await ledger.UpdateListAsync(open, cancellationToken) is not null)
                return;
            current = await ledger.GetListAsync(revision.ListId, cancellationToken);
        }
    }

    private static PipelineException Unusable(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);

    [LoggerMessage(
        LogLevel.Information, "Reads the results of list {ListId} again, as list {Revision}. Inputs: {Inputs}.")]
    private partial void LogStarted(string listId, string revision, long inputs);
}
