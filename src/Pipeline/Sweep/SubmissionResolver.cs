using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Collect;
using Pipeline.Emit;
using Pipeline.Ledger;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Stores.Objects;
using Pipeline.Submit;

namespace Pipeline.Sweep;

/// <summary>
/// Finds out whether a POST whose answer was lost had been accepted, and adopts the batch if so. Evidence is an object under the submission's
/// own prefix, a callback on its own path, or a batch or task at the API that echoes its prefix, its callback path or exactly its inputs.
/// </summary>
internal sealed partial class SubmissionResolver(
    ILedger ledger,
    ObjectStores objects,
    NimbleClient nimble,
    Outcomes outcomes,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<SubmissionResolver> logger)
{
    // Clocks of two clouds: a batch that claims to be a little older than its POST is still a candidate.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>Looks for evidence everywhere; true when the submission is accepted now.</summary>
    public async Task<bool> TryResolveAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var delivered = await ListTaskIdsAsync(submission, cancellationToken);
        if (delivered.Count > 0)
            return await TryAdoptAsync(submission, delivered, PostProof.Objects, cancellationToken);
        return submission.Count == 1
            ? await TryAdoptTaskAsync(submission, cancellationToken)
            : await TryAdoptBatchAsync(submission, cancellationToken);
    }

    /// <summary>Adopts the batch of tasks that were found or heard of.</summary>
    /// <param name="submission">In state Posting or Unknown, or given up.</param>
    /// <param name="taskIds">Well-formed ids.</param>
    /// <param name="told">The path they came by, where only this submission's POST could name it: its prefix or its callback URL; else None.</param>
    /// <param name="cancellationToken">Stops the looking.</param>
    public async Task<bool> TryAdoptAsync(SubmissionEntry submission, IReadOnlyList<string> taskIds, PostProof told, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        foreach (var taskId in taskIds)
        {
            if (await nimble.GetTaskAsync(taskId, cancellationToken) is not { } task)
                continue;
            var batch = task.BatchId is { } batchId ? await nimble.GetBatchAsync(batchId, cancellationToken) : null;
            IReadOnlyList<NimbleTask> tasks = batch?.Tasks is { Count: > 0 } all ? all : [task];
            if (Prove(submission, inputs, [task, .. tasks], told) is var proof and not PostProof.None)
                return await AdoptAsync(submission, inputs, task.BatchId, tasks, proof, cancellationToken);
        }

        return false;
    }

    private async Task<IReadOnlyList<string>> ListTaskIdsAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        if (submission.StorageUrl is not null)
            await foreach (var found in objects.ListAsync(ObjectUri.Parse(submission.StorageUrl), cancellationToken))
                if (ObjectNames.TaskIdOf(found.Uri) is { } taskId)
                    ids.Add(taskId);
        return ids;
    }

    private async Task<bool> TryAdoptBatchAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        await foreach (var listed in nimble.ListBatchesAsync(cancellationToken))
        {
            if (listed.CreatedAt < submission.PostedAt - ClockSkew || listed.Tasks.Count > submission.Count)
                continue;
            if (await nimble.GetBatchAsync(listed.Id, cancellationToken) is { } batch
                && Prove(submission, inputs, batch.Tasks, PostProof.None) is var proof and not PostProof.None)
                return await AdoptAsync(submission, inputs, batch.Id, batch.Tasks, proof, cancellationToken);
        }

        return false;
    }

    private async Task<bool> TryAdoptTaskAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        await foreach (var listed in nimble.ListTasksAsync(cancellationToken))
        {
            if (listed.BatchId is not null || listed.CreatedAt < submission.PostedAt - ClockSkew)
                continue;
            if (await nimble.GetTaskAsync(listed.Id, cancellationToken) is { } task
                && Prove(submission, inputs, [task], PostProof.None) is var proof and not PostProof.None)
                return await AdoptAsync(submission, inputs, batchId: null, [task], proof, cancellationToken);
        }

        return false;
    }

    /// <summary>What proves that tasks can only be this submission's; None where nothing does.</summary>
    private static PostProof Prove(SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<NimbleTask> tasks, PostProof told)
    {
        var addresses = tasks.SelectMany(Addresses).ToList();
        if (addresses.Concat(tasks.Select(t => t.OutputUrl).OfType<string>()).Any(a => a.Contains($"/{submission.SubmissionId}/", StringComparison.Ordinal)))
            return told == PostProof.None ? PostProof.Echo : told;
        if (addresses.Count > 0 || tasks.DistinctBy(t => t.Id).Count() > submission.Count)
            return PostProof.None;
        var echoed = tasks.DistinctBy(t => t.Id).Where(t => t.Input is not null).ToList();
        if (echoed.Count == 0)
            return told;
        var matched = new TaskMatcher(submission, inputs).Match(echoed).Select(t => t.Ordinal).ToList();
        var fits = matched.TrueForAll(ordinal => ordinal is not null) && matched.Distinct().Count() == matched.Count;
        return !fits ? PostProof.None : told != PostProof.None ? told : matched.Count == submission.Count ? PostProof.Inputs : PostProof.None;
    }

    /// <summary>The addresses a task was told and echoes; if the submission is ours, they hold its id.</summary>
    private static IEnumerable<string> Addresses(NimbleTask task)
    {
        if (task.CallbackUrl is { } callback)
            yield return callback;
        if (task.Input is not { ValueKind: JsonValueKind.Object } input)
            yield break;
        foreach (var name in (string[])["callback_url", "storage_url"])
            if (input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
                yield return value.GetString()!;
    }

    private async Task<bool> AdoptAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, string? batchId, IReadOnlyList<NimbleTask> tasks, PostProof proof, CancellationToken cancellationToken)
    {
        // Evidence may come after the window, when its inputs have failed for want of it. They wait again before the submission is open again,
        // so that whoever repeats this after a crash finds the same.
        if (submission.State is SubmissionState.Refused or SubmissionState.Closed)
            await outcomes.TakeBackAsync(submission, inputs, cancellationToken);
        await ledger.AddTasksAsync(submission.SubmissionId, new TaskMatcher(submission, inputs).Match(tasks), cancellationToken);
        CrashPoint.Pass("sweep.adopt");
        var now = time.GetUtcNow();
        var accepted = SubmitStage.Accepted(submission, batchId, proof, options.Value.Sweep, now) with { DueAt = now };
        var adopted = await ledger.UpdateSubmissionAsync(accepted, cancellationToken) is not null;
        if (adopted)
        {
            LogAdopted(submission.SubmissionId, batchId, proof);
            await Repeats.ReopenListAsync(ledger, submission.ListId, cancellationToken);
        }

        return adopted;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Submission {SubmissionId} turned out to be accepted as batch {BatchId}; the evidence is {Proof}.")]
    private partial void LogAdopted(string submissionId, string? batchId, PostProof proof);
}
