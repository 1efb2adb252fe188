using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Submit;
using Pipeline.Submit.Evidence;

namespace Pipeline.Replay;

/// <summary>
/// Replays failures on an operator's request. Without resubmission, it only does what costs nothing: it reads results
/// again, including objects of unknown tasks in the bucket, and searches again for evidence of unknown submissions.
/// </summary>
internal sealed partial class ReplayStage(
    ILedger ledger,
    Resubmission repeats,
    SubmissionResolver resolver,
    ReplayChoice choice,
    ResultRequeue requeue,
    ILogger<ReplayStage> logger)
{
    /// <summary>Replays failures of a list. Skips submissions that are not closed.</summary>
    /// <param name="listId">A list that the ledger knows.</param>
    /// <param name="selects">Selects the failures.</param>
    /// <param name="resubmit">Whether to post them again if their results are not found.</param>
    /// <param name="cancellationToken">Cancels between two submissions; the same call continues later.</param>
    /// <param name="progress">Receives the progress after each submission; null if nobody listens.</param>
    public async Task<ReplayCounts> ReplayAsync(
        string listId, Func<InputEntry, bool> selects, bool resubmit, CancellationToken cancellationToken,
        IProgress<ReplayProgress>? progress = null)
    {
        var counts = ReplayCounts.None;
        var closed = new List<SubmissionEntry>();
        await foreach (var submission in ledger.GetSubmissionsAsync(listId, cancellationToken))
            if (submission.State == SubmissionState.Closed)
                closed.Add(submission);
        for (var i = 0; i < closed.Count; i++)
        {
            counts += await TryReplayAsync(closed[i], selects, resubmit, cancellationToken);
            progress?.Report(new(i + 1, closed.Count, counts));
        }
        LogReplayed(listId, counts.Resubmitted, counts.Recollected, counts.Found, counts.Left);
        return counts;
    }

    /// <summary>Replays one submission; its errors do not affect the others.</summary>
    private async Task<ReplayCounts> TryReplayAsync(
        SubmissionEntry submission, Func<InputEntry, bool> selects, bool resubmit, CancellationToken cancellationToken)
    {
        var failed = 0;
        try
        {
            var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
            var selected = inputs.Where(i => i.State == InputState.Failed && FailureRemedies.Of(i.Reason).Resubmits
                && selects(i)).ToList();
            failed = selected.Count;
            return failed == 0
                ? ReplayCounts.None
                : await ReplayAsync(submission, inputs, selected, resubmit, cancellationToken);
        }
        catch (Exception error)
            when (!cancellationToken.IsCancellationRequested && error is not PipelineException { IsStoreFault: true })
        {
            LogFailed(error, submission.SubmissionId);
            return ReplayCounts.None with { Undone = failed, Problem = error.Message };
        }
    }

    private async Task<ReplayCounts> ReplayAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<InputEntry> failed, bool resubmit,
        CancellationToken cancellationToken)
    {
        if (submission.IsUnproven && (await resolver.SearchAsync(submission, cancellationToken)).Found)
            return ReplayCounts.None with { Found = failed.Count };
        var (readable, taskIds, problem) = await choice.ChooseAsync(
            submission, inputs, failed, resubmit, cancellationToken);
        var rest = failed.Except(readable).ToList();
        var posted = !resubmit
            ? []
            : problem is null
            ? rest
            : rest.Where(i => !FailureRemedies.Of(i.Reason).MayBeDelivered).ToList();
        if (posted.Count > 0)
            await repeats.PostAgainAsync(submission, posted, TimeSpan.Zero, cancellationToken);
        if (readable.Count > 0)
            await requeue.ReadAgainAsync(submission, readable, taskIds, cancellationToken);
        var left = rest.Count - posted.Count;
        return resubmit
            ? new(posted.Count, readable.Count, 0, 0) { Undone = left, Problem = left > 0 ? problem : null }
            : new(0, readable.Count, 0, left);
    }

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Replay of list {ListId}: {Resubmitted} posted again, {Recollected} read again, "
            + "{Found} accepted, {Left} left.")]
    private partial void LogReplayed(string listId, int resubmitted, int recollected, int found, int left);

    [LoggerMessage(
        Level = LogLevel.Error, Message = "Failed to replay submission {SubmissionId}; the others continue.")]
    private partial void LogFailed(Exception error, string submissionId);
}
