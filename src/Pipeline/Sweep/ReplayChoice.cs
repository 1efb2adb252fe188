using Pipeline.Ledger;
using Pipeline.Ports;

namespace Pipeline.Sweep;

/// <summary>What can be read again.</summary>
/// <param name="Inputs">The failed inputs whose results may be read.</param>
/// <param name="TaskIds">The tasks to read.</param>
/// <param name="Problem">Why the bucket could not be listed whole; null where it was, or need not be.</param>
internal sealed record Readable(IReadOnlyList<InputEntry> Inputs, IReadOnlyCollection<string> TaskIds, string? Problem);

/// <summary>Chooses, of failed inputs, those whose results can be read again: their tasks are known, or their objects lie in the bucket.</summary>
internal sealed class ReplayChoice(ILedger ledger, DeliveredResults delivered)
{
    /// <summary>Chooses what is read again.</summary>
    /// <param name="submission">Closed.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="failed">Those to choose from.</param>
    /// <param name="resubmit">Whether the rest is posted again: then results that were read and found wanting are not read once more.</param>
    /// <param name="cancellationToken">Stops the listing.</param>
    public async Task<Readable> ChooseAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<InputEntry> failed, bool resubmit, CancellationToken cancellationToken)
    {
        if (submission.AcceptedAt is null)
            return new([], [], Problem: null);
        var wanted = failed.Select(i => i.Ordinal).ToHashSet();
        // What Nimble itself says has failed fails again.
        var chosen = failed.Where(i => !resubmit && i.TaskId is not null && FailureRemedies.Of(i.Reason).ReplaysFree).ToHashSet();
        var taskIds = chosen.Select(i => i.TaskId!).ToHashSet(StringComparer.Ordinal);
        try
        {
            var open = inputs.Select(i => wanted.Contains(i.Ordinal) ? Unread(i) : i).ToList();
            var listed = await delivered.FindAsync(submission, open, cancellationToken);
            var rows = (await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken)).ToDictionary(t => t.TaskId, StringComparer.Ordinal);
            var ordinals = listed.Select(id => rows.GetValueOrDefault(id)?.Ordinal).ToHashSet();
            chosen.UnionWith(failed.Where(i => ordinals.Contains(i.Ordinal) || (ordinals.Contains(null) && MayBeUnnamed(i))));
            taskIds.UnionWith(listed);
            return new([.. chosen], taskIds, Problem: null);
        }
        catch (PipelineException problem) when (!problem.IsStoreFault)
        {
            return new([.. chosen], taskIds, $"{submission.StorageUrl} could not be listed, and results may lie there: {problem.Message}");
        }
    }

    /// <summary>As an input that waits. Its own task was read and brought no record, unless its reason says that nobody could read it.</summary>
    private static InputEntry Unread(InputEntry failed) => failed with
    {
        State = InputState.Waiting,
        TaskId = FailureRemedies.Of(failed.Reason).MayBeDelivered ? null : failed.TaskId,
    };

    /// <summary>Whether an object whose task nobody named may be the input's.</summary>
    private static bool MayBeUnnamed(InputEntry failed) => failed.TaskId is null || FailureRemedies.Of(failed.Reason).MayBeDelivered;
}
