using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores;
using Pipeline.Stores.Keeping;

namespace Pipeline.Submit.Evidence;

/// <summary>A submission that posted inputs of another one in the time that a restored ledger has lost.</summary>
/// <param name="Sequence">Its sequence.</param>
/// <param name="Inputs">Those inputs, as far as no part before it has them.</param>
internal sealed record EarlierPart(int Sequence, IReadOnlyList<InputEntry> Inputs);

/// <summary>
/// Finds how the inputs of a submission were posted again before its ledger was restored. Nimble may name other inputs
/// when it refuses the submission again, and other inputs may fail. Divided in another way, a part would find the
/// results of other inputs under its prefix, and pay for its own once more. So the earlier parts are created as they
/// were, and each finds what it posted.
/// </summary>
internal sealed class EarlierParts(
    RecentRestore restores, EarlierPosts posts, PartInputs partInputs, OwnAddresses addresses,
    SubmissionDelivery deliveries, ObjectStores objects, ILedger ledger)
{
    /// <summary>
    /// Whether inputs of a submission that was not posted itself were posted in the lost time. Then it was divided, and
    /// must not be posted whole.
    /// </summary>
    /// <inheritdoc cref="FindAsync"/>
    public async Task<bool> HaveAnyAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken) =>
        (await FindAsync(submission, inputs, cancellationToken)).Any(part => part.Inputs.Count > 0);

    /// <summary>Finds the parts, by sequence.</summary>
    /// <param name="submission">A submission whose inputs are about to be posted again.</param>
    /// <param name="inputs">Those inputs; the ledger has no new submission for them.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>
    /// Also parts without any of the inputs: their prefixes must not be used. Nothing if there was no restore lately.
    /// </returns>
    /// <exception cref="PipelineException">
    /// Transient: API or bucket do not answer, or a task does not say yet which part it belongs to.
    /// </exception>
    public async Task<IReadOnlyList<EarlierPart>> FindAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        if (inputs.Count == 0 || await restores.FindAsync(cancellationToken) is not { } restore)
            return [];
        submission = deliveries.AddTo(submission);
        var owned = await posts.ReadAsync(restore, cancellationToken);
        var matcher = new TaskMatcher(
            submission, await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken));
        // Results in the bucket say whose they are. Where the API keeps them, a task may never say it.
        if (submission.StorageUrl is not null)
            foreach (var post in owned.Unnamed)
                partInputs.RequireOwner(matcher, post);
        var left = inputs.ToDictionary(input => input.Ordinal);
        var parts = new List<EarlierPart>();
        foreach (var (sequence, tasks) in await TasksOfPartsAsync(submission, owned, cancellationToken))
        {
            var id = SubmissionIds.Of(submission.ListId, sequence);
            if (await ledger.GetSubmissionAsync(id, cancellationToken) is not null)
                continue;
            var own = new List<InputEntry>();
            foreach (var task in tasks.Values)
                if (left.Count > 0
                    && await partInputs.FindAsync(submission, matcher, task, cancellationToken) is { } ordinal
                    && left.Remove(ordinal, out var input))
                    own.Add(input);
            parts.Add(new(sequence, own));
        }

        return parts;
    }

    /// <summary>The tasks of each part, from the API's lists and from the bucket.</summary>
    private async Task<SortedDictionary<int, Dictionary<string, PartTask>>> TasksOfPartsAsync(
        SubmissionEntry submission, PostsByOwner owned, CancellationToken cancellationToken)
    {
        var parts = new SortedDictionary<int, Dictionary<string, PartTask>>();
        foreach (var (id, tasks) in owned.Named)
            foreach (var task in tasks)
                Add(id, new(task, StoredAt: null));
        if (submission.StorageUrl is not null)
            await foreach (var item in objects.ListAsync(DeliveryPrefix.OfRepeats(submission), cancellationToken))
                if (addresses.Find(item.Uri.ToString()) is { IsProven: true, SubmissionId: { } id }
                    && ObjectNames.TaskIdOf(item.Uri) is { } taskId)
                    Add(id, new(new() { Id = taskId }, item.Uri));
        return parts;

        void Add(string id, PartTask part)
        {
            if (SubmissionIds.SequenceAfter(submission, id) is not { } sequence)
                return;
            if (!parts.TryGetValue(sequence, out var tasks))
                parts[sequence] = tasks = new(StringComparer.Ordinal);
            tasks[part.Task.Id] = tasks.TryGetValue(part.Task.Id, out var known)
                ? known with { StoredAt = part.StoredAt }
                : part;
        }
    }
}
