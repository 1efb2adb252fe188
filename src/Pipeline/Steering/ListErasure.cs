using Microsoft.Extensions.Logging;
using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;
using Pipeline.Ports.Reading;
using Pipeline.Stores;

namespace Pipeline.Steering;

/// <summary>How to erase a list.</summary>
/// <param name="Force">Whether to erase a cancelled list before it is closed.</param>
/// <param name="WithObjects">Whether to delete its objects in the bucket too.</param>
internal sealed record ErasureChoice(bool Force = false, bool WithObjects = false);

/// <summary>What an erasure did.</summary>
/// <param name="Lists">The erased lists: the list, and the lists that read its results again.</param>
/// <param name="Parts">What was removed from the pipeline's own stores.</param>
/// <param name="Objects">Number of objects removed from the bucket.</param>
internal sealed record ErasureReport(IReadOnlyList<string> Lists, ErasedParts Parts, long Objects);

/// <summary>
/// Erases everything that the pipeline keeps about a list. Objects in the bucket go first, because only the ledger
/// knows where they are. Repeating it does no harm, and completes an interrupted erasure.
/// </summary>
internal sealed partial class ListErasure(
    ILedger ledger, IListEraser eraser, ObjectStores objects, MessageOwner owner, IEventLog events, TimeProvider time,
    ILogger<ListErasure> logger)
{
    private const int DeletesAtOnce = 8;

    /// <summary>
    /// Returns the lists that erasing this one includes: its revisions, the latest first, and the list itself.
    /// </summary>
    /// <exception cref="PipelineException">Permanent: one of them may not be erased now.</exception>
    public async Task<IReadOnlyList<string>> FindAsync(
        string listId, ErasureChoice choice, CancellationToken cancellationToken)
    {
        var lists = new List<string> { listId };
        for (var number = 1; ; number++)
        {
            var id = $"{listId}-r{number}";
            var revision = await ledger.GetListAsync(id, cancellationToken);
            if (revision?.RevisionOf == listId)
                lists.Insert(0, id);
            // Other lists may have such ids too, and revisions may have been erased.
            else if (revision is null && !await ledger.IsErasedAsync(id, cancellationToken))
                break;
        }

        foreach (var id in lists)
            await CheckAsync(await ledger.GetListAsync(id, cancellationToken), choice, cancellationToken);
        return lists;
    }

    /// <summary>
    /// Returns the folders of the bucket that hold a list's objects, such as <c>s3://my-bucket/results/LIST_ID/</c>.
    /// After the erasure, they are no longer known.
    /// </summary>
    public async Task<IReadOnlyList<string>> FindFoldersAsync(string listId, CancellationToken cancellationToken) =>
        await ledger.GetSubmissionsAsync(listId, cancellationToken)
            .Where(submission => submission.StorageUrl is not null)
            .Select(submission => DeliveryPrefix.FolderOfList(submission.StorageUrl!))
            .Distinct().ToListAsync(cancellationToken);

    /// <summary>Erases a list.</summary>
    /// <param name="listId">The list.</param>
    /// <param name="choice">How to erase it.</param>
    /// <param name="who">Who asked, for the log of events.</param>
    /// <param name="cancellationToken">Stops between two steps; the same call continues.</param>
    /// <exception cref="PipelineException">
    /// Permanent: it may not be erased now, or an object may not be deleted. Transient: a store is unavailable.
    /// </exception>
    public async Task<ErasureReport> EraseAsync(
        string listId, ErasureChoice choice, string who, CancellationToken cancellationToken)
    {
        var lists = await FindAsync(listId, choice, cancellationToken);
        var deleted = choice.WithObjects ? await DeleteObjectsAsync(listId, cancellationToken) : 0;
        var parts = default(ErasedParts);
        foreach (var id in lists)
            parts += await EraseAsync(id, cancellationToken);
        // A list that reads the results again may have begun meanwhile. From here on, none begins.
        while (await FindAsync(listId, choice, cancellationToken) is [var revision, _, ..])
            parts += await EraseAsync(revision, cancellationToken);
        if (!parts.IsNothing)
        {
            // The event must not name what was erased.
            await events.AddEventAsync(
                new(time.GetUtcNow(), EventKinds.Erased, null, who, "A list was erased."), cancellationToken);
            LogErased(who, parts.Inputs);
        }

        return new(lists, parts, deleted);
    }

    private Task<ErasedParts> EraseAsync(string id, CancellationToken cancellationToken) =>
        eraser.EraseAsync(id, owner.IsOf(id), cancellationToken);

    private async Task CheckAsync(ListEntry? list, ErasureChoice choice, CancellationToken cancellationToken)
    {
        if (list is null or { State: ListState.Closed or ListState.Refused })
            return;
        var id = list.ListId;
        if (list.Steering != ListSteering.Cancelled)
            throw Refuse(
                $"List {id} is not closed, so it cannot be erased. Wait until it is, or end it first: "
                    + $"pipeline cancel {id}");
        if (!choice.Force)
            throw Refuse(
                $"List {id} is being cancelled: results that were paid for are still collected. Run the same "
                    + "command again when it is closed, or add --force to erase it now.");
        await foreach (var submission in ledger.GetSubmissionsAsync(id, cancellationToken))
            if (submission.State is SubmissionState.Planned or SubmissionState.Posting)
                throw Refuse(
                    $"Submission {submission.SubmissionId} of list {id} is "
                        + $"{(submission.State == SubmissionState.Posting ? "being posted" : "not yet cancelled")}. "
                        + "Run the same command again in some minutes.");
    }

    private async Task<long> DeleteObjectsAsync(string listId, CancellationToken cancellationToken)
    {
        var deleted = 0L;
        await foreach (var submission in ledger.GetSubmissionsAsync(listId, cancellationToken))
        {
            if (submission.StorageUrl is not { } prefix)
                continue;
            var options = new ParallelOptions
            {
                MaxDegreeOfParallelism = DeletesAtOnce, CancellationToken = cancellationToken,
            };
            await Parallel.ForEachAsync(
                objects.ListAsync(ObjectUri.Parse(prefix), cancellationToken), options, async (item, token) =>
                {
                    await objects.DeleteAsync(item.Uri, token);
                    Interlocked.Increment(ref deleted);
                });
        }

        return deleted;
    }

    private static PipelineException Refuse(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidInput, message);

    [LoggerMessage(Level = LogLevel.Information, Message = "A list was erased by {Who}. Inputs: {Inputs}.")]
    private partial void LogErased(string who, long inputs);
}
