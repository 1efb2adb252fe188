using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Nimble.Replies;
using Pipeline.Ports;
using Pipeline.Stores;

namespace Pipeline.Submit.Evidence;

/// <summary>
/// Finds out whether a POST without an answer was accepted, and adopts the batch if it was. Evidence is an object under
/// the submission's own prefix, a callback on its own path, or a batch or task at the API that echoes its prefix, its
/// callback path, or exactly its inputs.
/// </summary>
internal sealed partial class SubmissionResolver(
    ILedger ledger,
    ObjectStores objects,
    NimbleClient nimble,
    ApiLists lists,
    BatchAdoption adoption,
    TimeProvider time,
    ILogger<SubmissionResolver> logger)
{
    // One answer is enough: the other objects of the prefix belong to the same batch.
    private const int MaxAsked = 32;

    /// <summary>Looks for evidence in the bucket and at the API, and adopts the batch that it finds.</summary>
    public async Task<SearchResult> SearchAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var delivered = await ListAsync(submission, cancellationToken);
        if (delivered.Count > 0)
        {
            var taskIds = delivered.Select(ObjectNames.TaskIdOf).OfType<string>().ToList();
            return await TryAdoptAsync(submission, taskIds, PostProof.Objects, cancellationToken)
                ? new(Found: true)
                : new(
                    Found: false,
                    $"{Amount.Of(delivered.Count, "object lies", "objects lie")} under its own "
                        + $"prefix, such as {delivered[0]}");
        }

        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        var result = await SearchListAsync(submission, inputs, cancellationToken);
        return submission.FirstCallbackAt is { } firstCallbackAt && !result.Found
            ? new(Found: false, $"a webhook came on its own path at {firstCallbackAt:u}")
            : result;
    }

    /// <summary>
    /// Records that a webhook came on the path that only this submission's POST names. Returns null if somebody else
    /// changed the submission in the meantime.
    /// </summary>
    public async Task<SubmissionEntry?> NoteHeardAsync(
        SubmissionEntry submission, CancellationToken cancellationToken) =>
        submission.FirstCallbackAt is not null || submission.PostedAt is null
            ? submission
            : await ledger.UpdateSubmissionAsync(
                submission with { FirstCallbackAt = time.GetUtcNow() }, cancellationToken);

    /// <summary>Adopts the batch of tasks that an object or a webhook named.</summary>
    /// <param name="submission">In state Posting or Unknown, or given up.</param>
    /// <param name="taskIds">Well-formed ids.</param>
    /// <param name="told">
    /// Where the ids come from, if only this submission's POST could name that place: Objects for its prefix, Callback
    /// for its callback path; otherwise None.
    /// </param>
    /// <param name="cancellationToken">Cancels the search.</param>
    public async Task<bool> TryAdoptAsync(
        SubmissionEntry submission, IReadOnlyList<string> taskIds, PostProof told, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        var matcher = new TaskMatcher(submission, inputs);
        // Only Nimble can write there, so the API need not confirm it. If the API denies it, something is wrong.
        var byObjects = told == PostProof.Objects && taskIds.Count > 0 && DeliveryPrefix.IsUnguessable(submission);
        try
        {
            foreach (var taskId in taskIds.Take(MaxAsked))
            {
                if (await nimble.GetTaskAsync(submission.SubmissionId, taskId, cancellationToken) is not { } task)
                    continue;
                byObjects = false;
                var batch = task.BatchId is { } batchId
                    ? await nimble.GetBatchAsync(submission.SubmissionId, batchId, cancellationToken)
                    : null;
                IReadOnlyList<NimbleTask> tasks = batch?.Tasks is { Count: > 0 } all ? all : [task];
                if (PostEvidence.Of(submission, matcher, [task, .. tasks], told).Proof
                    is var proof and not PostProof.None)
                    return await adoption.AdoptAsync(submission, inputs, task.BatchId, tasks, proof, cancellationToken);
            }
        }
        catch (Exception silent) when (
            byObjects && !cancellationToken.IsCancellationRequested
                && silent is not PipelineException { IsStoreFault: true })
        {
            LogSilent(submission.SubmissionId, silent.Message);
        }

        return byObjects
            && await adoption.AdoptAsync(submission, inputs, batchId: null, [], PostProof.Objects, cancellationToken);
    }

    private async Task<IReadOnlyList<ObjectUri>> ListAsync(
        SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var found = new List<ObjectUri>();
        if (submission.StorageUrl is not null)
            await foreach (var item in objects.ListAsync(ObjectUri.Parse(submission.StorageUrl), cancellationToken))
                found.Add(item.Uri);
        return found;
    }

    /// <summary>
    /// Searches the API's list of batches; for a submission of one input, the list of tasks.
    /// </summary>
    private async Task<SearchResult> SearchListAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var isTask = submission.Count == 1;
        var end = new ListEnd(isTask ? "tasks" : "batches");
        var matcher = new TaskMatcher(submission, inputs);
        var entries = isTask
            ? lists.ReadTasksAsync(submission, matcher, FrozenSet<string>.Empty, end, cancellationToken)
            : lists.ReadBatchesAsync(submission, matcher, end, cancellationToken);
        string? doubt = null;
        await foreach (var entry in entries)
        {
            if (entry.Evidence.Proof is var proof and not PostProof.None)
                return new(
                    await adoption.AdoptAsync(submission, inputs, entry.BatchId, entry.Tasks, proof, cancellationToken),
                    $"{entry.Name} belongs to it, but somebody else changed it meanwhile");
            if (entry.Evidence.MayBeOurs)
                doubt ??= $"{entry.Name} was created since its POST and does not say whose it is";
        }

        return new(Found: false, doubt ?? end.Doubt);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The API cannot say whether it accepted submission {SubmissionId}; results under its "
            + "own prefix say so: {Reason}")]
    private partial void LogSilent(string submissionId, string reason);
}
