using System.Runtime.CompilerServices;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Nimble.Replies;

namespace Pipeline.Submit.Evidence;

/// <summary>An entry of the API's own lists that the POST of a submission may have made.</summary>
/// <param name="Name">What it is, for people: <c>batch b-1</c>, <c>task t-1</c>.</param>
/// <param name="BatchId">The batch; null for a task.</param>
/// <param name="Tasks">The tasks of the batch, or the one task, as far as the API describes them.</param>
/// <param name="Evidence">Whose it is.</param>
internal sealed record ListedEntry(
    string Name, string? BatchId, IReadOnlyList<NimbleTask> Tasks, PostEvidence Evidence);

/// <summary>
/// Reads the API's own lists of batches and tasks, and judges each entry that a submission's POST may have made. Both
/// users need it: one looks for a POST without an answer, the other for tasks that neither the answer nor the batch
/// names.
/// </summary>
internal sealed class ApiLists(NimbleClient nimble)
{
    // The clocks of two clouds differ: an entry that claims to be a little older than the POST is still a candidate.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>Reads the list of batches.</summary>
    /// <param name="submission">A submission that was posted.</param>
    /// <param name="matcher">Its inputs.</param>
    /// <param name="end">Learns whether the list was seen whole.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="PipelineException">The API does not answer, or refuses us.</exception>
    public async IAsyncEnumerable<ListedEntry> ReadBatchesAsync(
        SubmissionEntry submission, TaskMatcher matcher, ListEnd end,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in nimble.ListBatchesAsync(cancellationToken))
        {
            end.See(page.HasGaps, page.IsLast);
            foreach (var batch in page.Items)
                if (IsSince(submission, batch.CreatedAt) && batch.Tasks.Count <= submission.Count)
                    yield return await JudgeBatchAsync(submission, matcher, batch.Id, cancellationToken);
        }
    }

    /// <summary>
    /// Reads the list of tasks: those of the submission's own batch, and those whose batch the list does not name.
    /// </summary>
    /// <param name="submission">A submission that was posted.</param>
    /// <param name="matcher">Its inputs.</param>
    /// <param name="known">Ids of tasks to leave out.</param>
    /// <param name="end">Learns whether the list was seen whole.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="PipelineException">The API does not answer, or refuses us.</exception>
    public async IAsyncEnumerable<ListedEntry> ReadTasksAsync(
        SubmissionEntry submission,
        TaskMatcher matcher,
        IReadOnlySet<string> known,
        ListEnd end,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in nimble.ListTasksAsync(cancellationToken))
        {
            end.See(page.HasGaps, page.IsLast);
            foreach (var task in page.Items)
                if (IsSince(submission, task.CreatedAt) && !known.Contains(task.Id)
                    && (task.BatchId is null || task.BatchId == submission.BatchId))
                    yield return await JudgeTaskAsync(submission, matcher, task, cancellationToken);
        }
    }

    /// <summary>
    /// Reads the batches that were created between two times, or do not say when; without their tasks.
    /// </summary>
    /// <inheritdoc cref="ReadSingleTasksAsync"/>
    public async IAsyncEnumerable<NimbleBatch> ReadCreatedBatchesAsync(
        DateTimeOffset since, DateTimeOffset until, ListEnd end,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in nimble.ListBatchesAsync(cancellationToken))
        {
            end.See(page.HasGaps, page.IsLast);
            foreach (var batch in page.Items)
                if (IsWithin(since, until, batch.CreatedAt))
                    yield return batch with { Tasks = [] };
        }
    }

    /// <summary>Reads the tasks that name no batch and were created between two times, or do not say when.</summary>
    /// <param name="since">The earlier time, UTC.</param>
    /// <param name="until">The later time, UTC.</param>
    /// <param name="end">Learns whether the list was seen whole.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="PipelineException">The API does not answer, or refuses us.</exception>
    public async IAsyncEnumerable<NimbleTask> ReadSingleTasksAsync(
        DateTimeOffset since, DateTimeOffset until, ListEnd end,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in nimble.ListTasksAsync(cancellationToken))
        {
            end.See(page.HasGaps, page.IsLast);
            foreach (var task in page.Items)
                if (task.BatchId is null && IsWithin(since, until, task.CreatedAt))
                    yield return task;
        }
    }

    private static bool IsSince(SubmissionEntry submission, DateTimeOffset? createdAt) =>
        IsWithin(submission.LostSince ?? submission.PostedAt, submission.LostUntil, createdAt);

    private static bool IsWithin(DateTimeOffset? since, DateTimeOffset? until, DateTimeOffset? createdAt) =>
        !(createdAt < since - ClockSkew) && !(createdAt > until + ClockSkew);

    /// <summary>What a batch says of itself; where its details say nothing, what its first task says.</summary>
    private async Task<ListedEntry> JudgeBatchAsync(
        SubmissionEntry submission, TaskMatcher matcher, string batchId, CancellationToken cancellationToken)
    {
        var name = $"batch {batchId}";
        if (await nimble.GetBatchAsync(submission.SubmissionId, batchId, cancellationToken) is not { } batch)
            return new(name, batchId, [], PostEvidence.Doubtful);
        var tasks = batch.Tasks;
        if (tasks.Count > 0 && !PostEvidence.IsComparable(tasks)
            && await nimble.GetTaskAsync(submission.SubmissionId, tasks[0].Id, cancellationToken) is { } first)
            tasks = [first, .. tasks.Skip(1)];
        return new(name, batchId, batch.Tasks, PostEvidence.Of(submission, matcher, tasks, PostProof.None));
    }

    /// <summary>
    /// What a task says of itself: the list's entry may leave out what the task's own page has, and the other way
    /// round.
    /// </summary>
    private async Task<ListedEntry> JudgeTaskAsync(
        SubmissionEntry submission, TaskMatcher matcher, NimbleTask listed, CancellationToken cancellationToken)
    {
        var task = await nimble.GetTaskAsync(submission.SubmissionId, listed.Id, cancellationToken);
        var whole = task is null
            ? listed
            : task with { BatchId = task.BatchId ?? listed.BatchId, State = task.State ?? listed.State };
        var evidence = task is null && listed.BatchId is null
            ? PostEvidence.Doubtful
            : PostEvidence.Of(submission, matcher, [whole], PostProof.None);
        return new($"task {listed.Id}", BatchId: null, [whole], evidence);
    }
}

/// <summary>Remembers whether a list of the API was seen whole.</summary>
/// <param name="name">What it lists, for people.</param>
internal sealed class ListEnd(string name)
{
    private bool _hasGaps;
    private bool _isLast;

    /// <summary>Why the list proves no absence; null where it does.</summary>
    public string? Doubt => _isLast && !_hasGaps ? null : $"the API's list of {name} cannot be told to be whole";

    /// <summary>Notes one page.</summary>
    /// <param name="hasGaps">Whether entries of it could not be read.</param>
    /// <param name="isLast">Whether the API itself says that nothing follows.</param>
    public void See(bool hasGaps, bool isLast) => (_hasGaps, _isLast) = (_hasGaps || hasGaps, isLast);
}
