using Microsoft.Extensions.Logging;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Submit;

/// <summary>
/// Checks before each POST what an operator wants for the list. A planned submission of a paused list waits; one of a
/// cancelled list ends. A submission whose POST is under way or unanswered is left alone: it may be paid for.
/// </summary>
internal sealed class SteeringGuard(
    ILedger ledger, HeldSubmissions held, SubmissionHolds holds, Resubmission repeats, BudgetGuard budget,
    RestoredLedger restored, TimeProvider time)
{
    /// <summary>
    /// Whether a submission may be posted now: nobody stopped or erased its list, and the search for a POST that a
    /// restored ledger may have forgotten has been made.
    /// </summary>
    public async Task<bool> AdmitPostAsync(SubmissionEntry submission, CancellationToken cancellationToken) =>
        await AdmitAsync(submission, cancellationToken)
        // A late message may have planned an erased list again.
        && !await ledger.IsErasedAsync(submission.ListId, cancellationToken)
        && await restored.AdmitAsync(submission, cancellationToken);

    /// <summary>Whether work on a submission may go on. If not, it waits or has ended.</summary>
    public async Task<bool> AdmitAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        if (!HeldSubmissions.IsPlanned(submission))
            return true;
        switch ((await ledger.GetListAsync(submission.ListId, cancellationToken))?.Steering)
        {
            case ListSteering.Paused:
                await HoldAsync(submission, cancellationToken);
                return false;
            case ListSteering.Cancelled:
                await EndAsync(submission, cancellationToken);
                return false;
            default:
                return true;
        }
    }

    private async Task HoldAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        if (!await holds.WaitForAsync(submission, HoldReason.Paused, cancellationToken))
            return;
        // The list may have been resumed before this submission was held.
        if (await ledger.GetListAsync(submission.ListId, cancellationToken) is not { Steering: ListSteering.Paused }
            && await ledger.GetSubmissionAsync(submission.SubmissionId, cancellationToken)
                is { State: SubmissionState.Planned } waiting)
            await held.WakeAsync(waiting, cancellationToken);
    }

    private async Task EndAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        // A submission that posts inputs again first takes them over, so that each of them counts in one submission.
        if (submission.RepeatOf is not null)
            await repeats.TakeOverAsync(submission, cancellationToken);
        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        var waiting = inputs.Where(input => input.State == InputState.Waiting).ToList();
        if (await holds.EndAsync(submission, waiting, new("submit", FailureReasons.Cancelled,
            "It was not submitted: the list was cancelled. 'replay --resubmit' submits it."), cancellationToken)
            is not null)
            await budget.GiveBackAsync(
                submission with { PostedAt = time.GetUtcNow() }, cancellationToken);
    }
}

/// <summary>Wakes planned submissions that wait without a message, after an operator has steered their list.</summary>
internal sealed partial class HeldSubmissions(
    ILedger ledger, PlannedSubmissions planned, TimeProvider time, ILogger<HeldSubmissions> logger)
{
    /// <summary>
    /// Sends the messages of planned submissions that are held, so that Submit decides about them again: all of a
    /// cancelled list; otherwise those that waited because the list was paused.
    /// </summary>
    /// <returns>Number of messages sent.</returns>
    /// <remarks>A crash leaves some of them waiting; Sweep sends their messages after a grace period.</remarks>
    public async Task<int> WakeAsync(ListEntry list, CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var submission in ledger.GetSubmissionsAsync(list.ListId, cancellationToken))
            if (IsPlanned(submission) && Waits(submission, list)
                && await WakeAsync(submission, cancellationToken))
                count++;
        if (count > 0)
            LogWoken(list.ListId, list.Steering, count);
        return count;
    }

    private bool Waits(SubmissionEntry planned, ListEntry list) =>
        list.Steering == ListSteering.Cancelled
            ? planned.Hold != HoldReason.None || planned.NotBefore > time.GetUtcNow()
            : planned.Hold == HoldReason.Paused;

    /// <summary>
    /// Whether it may be ended or held. Not if a webhook came for its earlier POST: Submit then cancels its next POST,
    /// and its results are collected.
    /// </summary>
    public static bool IsPlanned(SubmissionEntry submission) => submission is
        { State: SubmissionState.Planned } and not { FirstCallbackAt: not null, PostedAt: not null };

    /// <summary>Lets one submission continue.</summary>
    public Task<bool> WakeAsync(SubmissionEntry held, CancellationToken cancellationToken) =>
        planned.SendAgainAsync(held.WaitFor(HoldReason.None, null, time.GetUtcNow(), null), cancellationToken);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "List {ListId} is steered anew ({Steering}). Submissions that waited: {Submissions}.")]
    private partial void LogWoken(string listId, ListSteering steering, int submissions);
}
