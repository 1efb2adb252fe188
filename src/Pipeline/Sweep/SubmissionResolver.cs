using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Collect;
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
            return await TryAdoptAsync(submission, delivered, calledBack: true, cancellationToken);
        return submission.Count == 1
            ? await TryAdoptTaskAsync(submission, cancellationToken)
            : await TryAdoptBatchAsync(submission, cancellationToken);
    }

    /// <summary>Adopts the batch of tasks that were found or heard of.</summary>
    /// <param name="submission">In state Posting or Unknown.</param>
    /// <param name="taskIds">Well-formed ids.</param>
    /// <param name="calledBack">They came by a path that only this submission's POST could name: its prefix or its callback URL.</param>
    /// <param name="cancellationToken">Stops the looking.</param>
    public async Task<bool> TryAdoptAsync(SubmissionEntry submission, IReadOnlyList<string> taskIds, bool calledBack, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        foreach (var taskId in taskIds)
        {
            if (await nimble.GetTaskAsync(taskId, cancellationToken) is not { } task)
                continue;
            var batch = task.BatchId is { } batchId ? await nimble.GetBatchAsync(batchId, cancellationToken) : null;
            IReadOnlyList<NimbleTask> tasks = batch?.Tasks is { Count: > 0 } all ? all : [task];
            if (Proves(submission, inputs, [task, .. tasks], calledBack))
                return await AdoptAsync(submission, inputs, task.BatchId, tasks, cancellationToken);
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
            if (await nimble.GetBatchAsync(listed.Id, cancellationToken) is { } batch && Proves(submission, inputs, batch.Tasks, calledBack: false))
                return await AdoptAsync(submission, inputs, batch.Id, batch.Tasks, cancellationToken);
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
            if (await nimble.GetTaskAsync(listed.Id, cancellationToken) is { } task && Proves(submission, inputs, [task], calledBack: false))
                return await AdoptAsync(submission, inputs, batchId: null, [task], cancellationToken);
        }

        return false;
    }

    /// <summary>Whether tasks can only be this submission's.</summary>
    private static bool Proves(SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<NimbleTask> tasks, bool calledBack)
    {
        var told = tasks.SelectMany(Addresses).ToList();
        if (told.Concat(tasks.Select(t => t.OutputUrl).OfType<string>()).Any(a => a.Contains($"/{submission.SubmissionId}/", StringComparison.Ordinal)))
            return true;
        if (told.Count > 0 || tasks.DistinctBy(t => t.Id).Count() > submission.Count)
            return false;
        var echoed = tasks.DistinctBy(t => t.Id).Where(t => t.Input is not null).ToList();
        if (echoed.Count == 0)
            return calledBack;
        var matched = new TaskMatcher(submission, inputs).Match(echoed).Select(t => t.Ordinal).ToList();
        return matched.TrueForAll(ordinal => ordinal is not null)
            && matched.Distinct().Count() == matched.Count
            && (calledBack || matched.Count == submission.Count);
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
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, string? batchId, IReadOnlyList<NimbleTask> tasks, CancellationToken cancellationToken)
    {
        await ledger.AddTasksAsync(submission.SubmissionId, new TaskMatcher(submission, inputs).Match(tasks), cancellationToken);
        CrashPoint.Pass("sweep.adopt");
        var now = time.GetUtcNow();
        var accepted = SubmitStage.Accepted(submission, batchId, options.Value.Sweep, now) with { DueAt = now };
        var adopted = await ledger.UpdateSubmissionAsync(accepted, cancellationToken) is not null;
        if (adopted)
            LogAdopted(submission.SubmissionId, batchId);
        return adopted;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Submission {SubmissionId} turned out to be accepted as batch {BatchId}.")]
    private partial void LogAdopted(string submissionId, string? batchId);
}
