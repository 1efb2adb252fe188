using Pipeline.Model;
using Pipeline.Ports.Reading;
using Pipeline.Replay;

namespace Pipeline.Steering;

/// <summary>Replays failures of a list on an operator's request, and logs who asked.</summary>
internal sealed class ListReplays(ListControls controls, ReplayStage replay, IEventLog events, TimeProvider time)
{
    /// <summary>Replays the selected failures of a list.</summary>
    /// <param name="listId">A list that the ledger knows.</param>
    /// <param name="selects">Selects the failures.</param>
    /// <param name="resubmit">Whether to post them again if their results are not found.</param>
    /// <param name="who">Who asked, for the log of events.</param>
    /// <param name="cancellationToken">Cancels between two submissions; the same call continues later.</param>
    /// <param name="progress">Receives the progress after each submission; null if nobody listens.</param>
    /// <exception cref="PipelineException">
    /// Permanent: the list is being cancelled, and its inputs would be posted.
    /// </exception>
    public async Task<ReplayCounts> ReplayAsync(
        string listId, Func<InputEntry, bool> selects, bool resubmit, string who, CancellationToken cancellationToken,
        IProgress<ReplayProgress>? progress = null)
    {
        if (resubmit)
            await controls.AllowResubmissionAsync(listId, cancellationToken);
        var counts = await replay.ReplayAsync(listId, selects, resubmit, cancellationToken, progress);
        if (counts != ReplayCounts.None)
            await events.AddEventAsync(
                new(time.GetUtcNow(), resubmit ? EventKinds.Resubmitted : EventKinds.Replayed, listId, who,
                    Describe(counts)),
                cancellationToken);
        return counts;
    }

    private static string Describe(ReplayCounts counts) =>
        $"Posted again: {counts.Resubmitted}. Read again: {counts.Recollected}. Found accepted: {counts.Found}. "
        + $"Left: {counts.Left + counts.Undone}.";
}
