using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores;

namespace Pipeline.Sweep.Accepted;

/// <summary>
/// Finds results under a submission's own prefix in the bucket. The bucket is a source of its own: it is listed while
/// the API cannot answer, before an input is given up, and when a failure is replayed.
/// </summary>
internal sealed class DeliveredResults(ILedger ledger, IWorkQueue queue, ObjectStores objects, TimeProvider time)
{
    private const int ObjectsPerInput = 10;

    /// <summary>Lists the tasks with an object whose result no input has.</summary>
    /// <param name="submission">A submission that was posted, in any state.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <returns>Well-formed task ids, each once; none if results are read from the API.</returns>
    /// <exception cref="PipelineException">The listing is incomplete, so it proves no absence.</exception>
    public async Task<IReadOnlyList<string>> FindAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        await ListAsync(submission, inputs, found, cancellationToken);
        return [.. found];
    }

    /// <summary>Queues those tasks, even if the listing fails half-way: the objects seen until then exist.</summary>
    /// <returns>How many were queued.</returns>
    /// <inheritdoc cref="FindAsync"/>
    public async Task<int> QueueAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            await ListAsync(submission, inputs, found, cancellationToken);
        }
        finally
        {
            await SendAsync(submission, found, cancellationToken);
        }

        return found.Count;
    }

    /// <summary>Queues tasks whose objects were listed.</summary>
    public Task SendAsync(
        SubmissionEntry submission, IReadOnlyCollection<string> taskIds,
        CancellationToken cancellationToken) => taskIds.Count == 0
        ? Task.CompletedTask
        : queue.SendAsync(submission.SubmissionId, taskIds, DiscoveredBy.Listing, time.GetUtcNow(), cancellationToken);

    private async Task ListAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, HashSet<string> found,
        CancellationToken cancellationToken)
    {
        if (submission.StorageUrl is null)
            return;
        var left = ObjectsPerInput * (long)(submission.Count + 100);
        var settled = await SettledAsync(submission, inputs, cancellationToken);
        await foreach (var item in objects.ListAsync(ObjectUri.Parse(submission.StorageUrl), cancellationToken))
        {
            if (--left < 0)
                throw PipelineException.Transient(FailureReasons.Unavailable,
                    $"{submission.StorageUrl} holds far more objects than this submission has inputs. Delete "
                        + "those that are no results.");
            if (ObjectNames.TaskIdOf(item.Uri) is { } taskId && !settled.Contains(taskId))
                found.Add(taskId);
        }
    }

    /// <summary>The tasks that gave an input its outcome, and the other tasks of such inputs.</summary>
    private async Task<HashSet<string>> SettledAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var settled = inputs.Select(i => i.TaskId).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var task in await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken))
            if (task.Ordinal is { } ordinal && inputs[ordinal].State != InputState.Waiting)
                settled.Add(task.TaskId);
        return settled;
    }
}
