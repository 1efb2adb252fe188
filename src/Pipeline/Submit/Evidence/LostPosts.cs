using System.Runtime.CompilerServices;
using Pipeline.Nimble;
using Pipeline.Nimble.Replies;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Submit.Evidence;

/// <summary>What one POST made: the tasks of a batch, or one task.</summary>
/// <param name="Tasks">The tasks, as far as the API describes them.</param>
/// <param name="CreatedAt">When they were posted, UTC; null if the API does not say.</param>
internal sealed record LostPost(IReadOnlyList<NimbleTask> Tasks, DateTimeOffset? CreatedAt);

/// <summary>Reads from Nimble's lists what was posted in the time that a restored ledger has lost.</summary>
internal sealed class LostPosts(NimbleClient nimble, ApiLists lists)
{
    // Reads take turns by who asks.
    private const string Asker = "restore";

    /// <summary>Reads every batch and single task of that time, also those of other pipelines.</summary>
    /// <param name="restore">The restore.</param>
    /// <param name="batchEnd">Learns whether the list of batches was seen whole.</param>
    /// <param name="taskEnd">The same for the list of tasks.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="Model.PipelineException">The API does not answer, or refuses us.</exception>
    public async IAsyncEnumerable<LostPost> ReadAsync(
        LedgerRestore restore, ListEnd batchEnd, ListEnd taskEnd,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Both lists first: each must be read within minutes, and each batch takes requests of its own.
        var batches = await lists.ReadCreatedBatchesAsync(restore.Since, restore.At, batchEnd, cancellationToken)
            .ToListAsync(cancellationToken);
        var tasks = await lists.ReadSingleTasksAsync(restore.Since, restore.At, taskEnd, cancellationToken)
            .ToListAsync(cancellationToken);
        foreach (var batch in batches)
            yield return new(await ReadBatchAsync(batch.Id, cancellationToken), batch.CreatedAt);
        foreach (var task in tasks)
            yield return new([await ReadTaskAsync(task, cancellationToken)], task.CreatedAt);
    }

    /// <summary>What a batch says of itself; where its details name nobody, what its first task says.</summary>
    private async Task<IReadOnlyList<NimbleTask>> ReadBatchAsync(string id, CancellationToken cancellationToken) =>
        await nimble.GetBatchAsync(Asker, id, cancellationToken) is not { Tasks: { Count: > 0 } tasks } ? []
            : tasks.Any(PostEvidence.NamesDelivery) ? tasks
            : [await ReadTaskAsync(tasks[0], cancellationToken), .. tasks.Skip(1)];

    private async Task<NimbleTask> ReadTaskAsync(NimbleTask listed, CancellationToken cancellationToken) =>
        PostEvidence.NamesDelivery(listed)
            ? listed
            : await nimble.GetTaskAsync(Asker, listed.Id, cancellationToken) ?? listed;
}
