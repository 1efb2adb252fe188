using Microsoft.Extensions.Logging;
using Pipeline.Emit;
using Pipeline.Ledger;
using Pipeline.Ports;
using Pipeline.Submit;

namespace Pipeline.Sweep;

/// <summary>What a replay set going.</summary>
/// <param name="Resubmitted">Inputs that are posted again, and may be billed again.</param>
/// <param name="Recollected">Inputs whose results are read again.</param>
/// <param name="Found">Inputs of submissions that turned out to be accepted.</param>
/// <param name="Left">Inputs that only posting them again could help.</param>
internal sealed record ReplayCounts(int Resubmitted, int Recollected, int Found, int Left)
{
    public static ReplayCounts operator +(ReplayCounts a, ReplayCounts b) =>
        new(a.Resubmitted + b.Resubmitted, a.Recollected + b.Recollected, a.Found + b.Found, a.Left + b.Left);
}

/// <summary>
/// Brings failures back on an operator's word. Unless told to, it does only what costs nothing: results are read again, and evidence of unknown
/// submissions is looked for again.
/// </summary>
internal sealed partial class ReplayStage(
    ILedger ledger, IWorkQueue queue, Repeats repeats, Reopening reopening, SubmissionResolver resolver, Outcomes outcomes, TimeProvider time, ILogger<ReplayStage> logger)
{
    private static readonly ReplayCounts Nothing = new(0, 0, 0, 0);

    // Until its inputs wait again, Sweep must not close the submission anew.
    private static readonly TimeSpan Handover = TimeSpan.FromSeconds(30);

    /// <summary>Replays failures of a list; those of submissions that are not closed have not ended yet and are left alone.</summary>
    /// <param name="listId">A list that the ledger knows.</param>
    /// <param name="selects">Which failures.</param>
    /// <param name="resubmit">Post them again, whatever they failed of.</param>
    /// <param name="cancellationToken">Stops between two submissions; the same again goes on.</param>
    public async Task<ReplayCounts> ReplayAsync(string listId, Func<InputEntry, bool> selects, bool resubmit, CancellationToken cancellationToken)
    {
        var counts = Nothing;
        var closed = new List<SubmissionEntry>();
        await foreach (var submission in ledger.GetSubmissionsAsync(listId, cancellationToken))
            if (submission.State == SubmissionState.Closed)
                closed.Add(submission);
        foreach (var submission in closed)
        {
            var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
            var failed = inputs.Where(i => i.State == InputState.Failed && FailureRemedies.Of(i.Reason).Resubmits && selects(i)).ToList();
            if (failed.Count > 0)
                counts += await (resubmit ? ResubmitAsync(submission, failed, cancellationToken) : BringBackAsync(submission, failed, cancellationToken));
        }

        LogReplayed(listId, counts.Resubmitted, counts.Recollected, counts.Found, counts.Left);
        return counts;
    }

    private async Task<ReplayCounts> ResubmitAsync(SubmissionEntry submission, IReadOnlyList<InputEntry> failed, CancellationToken cancellationToken)
    {
        await repeats.PostAgainAsync(submission, failed, TimeSpan.Zero, cancellationToken);
        return Nothing with { Resubmitted = failed.Count };
    }

    private async Task<ReplayCounts> BringBackAsync(SubmissionEntry submission, IReadOnlyList<InputEntry> failed, CancellationToken cancellationToken)
    {
        if (submission.IsUnproven)
        {
            return (await resolver.SearchAsync(submission, cancellationToken)).Found
                ? Nothing with { Found = failed.Count }
                : Nothing with { Left = failed.Count };
        }

        // What Nimble itself says has failed fails again.
        var readable = failed.Where(i => i.TaskId is not null && FailureRemedies.Of(i.Reason).ReplaysFree).ToList();
        if (readable.Count == 0)
            return Nothing with { Left = failed.Count };
        await reopening.ReopenAsync(submission.SubmissionId, Handover, cancellationToken);
        await outcomes.TakeBackAsync(submission, readable, cancellationToken);
        await reopening.ReopenAsync(submission.SubmissionId, Handover, cancellationToken);
        await queue.SendAsync(submission.SubmissionId, readable.Select(i => i.TaskId!), Learnt.Sweep, time.GetUtcNow(), cancellationToken);
        return Nothing with { Recollected = readable.Count, Left = failed.Count - readable.Count };
    }

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Replay of list {ListId}: {Resubmitted} inputs are posted again, {Recollected} results read again, {Found} found accepted, {Left} left as they are.")]
    private partial void LogReplayed(string listId, int resubmitted, int recollected, int found, int left);
}
