using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Sweep;

/// <summary>
/// Runs the steps of Sweep so that a fault affects only one submission or list. The fault is logged and kept in the row
/// for status reports, and the step is retried after a growing delay. A submission whose every attempt fails ends as
/// failed; no other does.
/// </summary>
internal sealed partial class IsolatedSteps(
    ILedger ledger, OutcomeRecorder outcomes, LateWrites late, IOptions<PipelineOptions> options, TimeProvider time,
    ILogger<IsolatedSteps> logger)
{
    // Far longer than a check takes; it limits the wait for an answer that never ends.
    private static readonly TimeSpan LookLimit = TimeSpan.FromMinutes(8);

    /// <summary>Takes one step with a submission.</summary>
    /// <param name="submission">As the ledger has it.</param>
    /// <param name="step">
    /// The step. It gets the submission without its setback, so whatever it writes clears the setback.
    /// </param>
    /// <param name="cancellationToken">Stops the host.</param>
    public async Task RunAsync(
        SubmissionEntry submission, Func<SubmissionEntry, CancellationToken, Task> step,
        CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(LookLimit, time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        if (await TryAsync(
            () => late.RunAsync(submission.ListId, () => step(submission with { Setback = null }, limited.Token)),
            cancellationToken) is not { } error)
            return;
        // If this write fails too, the submission stays due, and the others are still checked.
        if (await TryAsync(() => PutOffAsync(submission, error, cancellationToken), cancellationToken) is { } second)
            LogLost(second, submission.SubmissionId);
    }

    /// <summary>Takes one step with a list, unless it is postponed.</summary>
    /// <returns>Whether the step succeeded.</returns>
    public async Task<bool> RunAsync(
        ListEntry list, Func<ListEntry, CancellationToken, Task> step, CancellationToken cancellationToken)
    {
        if (list.Setback?.Until > time.GetUtcNow())
            return false;
        if (await TryAsync(() => step(list with { Setback = null }, cancellationToken), cancellationToken)
            is not { } error)
        {
            await ClearAsync(list, cancellationToken);
            return true;
        }

        var setback = SetbackPolicy.Next(list.Setback, error, options.Value.Sweep, time.GetUtcNow());
        LogListPutOff(Unexpected(error), list.ListId, setback.Until, setback.Message);
        if (await TryAsync(() => ledger.UpdateListAsync(list with { Setback = setback }, cancellationToken),
            cancellationToken) is { } second)
            LogLost(second, list.ListId);
        return false;
    }

    /// <summary>Removes the setback of a list, unless the step itself wrote the row without it.</summary>
    private async Task ClearAsync(ListEntry list, CancellationToken cancellationToken)
    {
        if (list.Setback is not null
            && await TryAsync(
                () => ledger.UpdateListAsync(list with { Setback = null }, cancellationToken),
                cancellationToken) is { } error)
            LogLost(error, list.ListId);
    }

    /// <summary>
    /// Null if it succeeded. A stop of the host, and faults of the pipeline's own store, are thrown: they concern all.
    /// </summary>
    private static async Task<Exception?> TryAsync(Func<Task> step, CancellationToken cancellationToken)
    {
        try
        {
            await step();
            return null;
        }
        catch (Exception error) when (
            !cancellationToken.IsCancellationRequested && error is not PipelineException { IsStoreFault: true })
        {
            return error;
        }
    }

    private async Task PutOffAsync(SubmissionEntry before, Exception error, CancellationToken cancellationToken)
    {
        var setback = SetbackPolicy.Next(before.Setback, error, options.Value.Sweep, time.GetUtcNow());
        LogPutOff(Unexpected(error), before.SubmissionId, setback.Until, setback.Message);
        if (SetbackPolicy.IsFault(error) && setback.Faults >= SetbackPolicy.MaxFaults)
            await FailAsync(before, setback, cancellationToken);

        // The step may have changed the row before it failed.
        while (await ledger.GetSubmissionAsync(before.SubmissionId, cancellationToken) is { } current)
        {
            var putOff = current.PutOff(setback, NextStep(current, setback));
            if (await ledger.UpdateSubmissionAsync(putOff, cancellationToken) is not null)
                return;
        }
    }

    /// <summary>
    /// When the next step is due; null for a closed submission whose evidence is no longer looked for.
    /// </summary>
    private DateTimeOffset? NextStep(SubmissionEntry submission, Setback setback) =>
        submission.State == SubmissionState.Closed
            && setback.Until >= submission.PostedAt + options.Value.Sweep.TaskDeadline
            ? null
            : setback.Until;

    /// <summary>Fails the waiting inputs of a submission that failed every attempt; the next step closes it.</summary>
    private async Task FailAsync(SubmissionEntry submission, Setback setback, CancellationToken cancellationToken)
    {
        LogGaveUp(submission.SubmissionId, setback.Faults, setback.Message);
        var isUnknown = submission.State is SubmissionState.Posting or SubmissionState.Unknown;
        var wasPosted = isUnknown || submission.AcceptedAt is not null;
        var cause = new FailureCause(
            wasPosted ? "sweep" : "submit", isUnknown ? FailureReasons.SubmissionUnknown : FailureReasons.Internal,
            $"Work on its submission failed {Amount.Of(setback.Faults, "time")}, the last time with "
                + $"{setback.Message.TrimEnd('.')}. See the log. "
                + (wasPosted
                    ? "'pipeline replay' tries again, and posts nothing."
                    : "It was never posted: 'pipeline replay --resubmit' posts it."));
        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        foreach (var input in inputs.Where(i => i.State == InputState.Waiting))
            if (await TryAsync(() => outcomes.FailAsync(submission, [input], cause, cancellationToken),
                cancellationToken) is { } error)
                LogLost(error, input.Id);
        if (submission.AcceptedAt is null)
            await RefuseAsync(submission.SubmissionId, cancellationToken);
    }

    /// <summary>Keeps a submission with failed inputs from being posted.</summary>
    private async Task RefuseAsync(string submissionId, CancellationToken cancellationToken)
    {
        while (await ledger.GetSubmissionAsync(submissionId, cancellationToken) is
            { State: SubmissionState.Planned or SubmissionState.Posting or SubmissionState.Unknown } current)
            if (await ledger.UpdateSubmissionAsync(current.GiveUp(time.GetUtcNow()), cancellationToken) is not null)
                return;
    }

    /// <summary>Returns an error whose stack trace belongs in the log; otherwise null.</summary>
    private static Exception? Unexpected(Exception error) => error is PipelineException ? null : error;

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Work on submission {SubmissionId} is postponed until {Until:u}: {Reason}")]
    private partial void LogPutOff(Exception? error, string submissionId, DateTimeOffset until, string reason);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "List {ListId} could not be closed; the next attempt is at {Until:u}: {Reason}")]
    private partial void LogListPutOff(Exception? error, string listId, DateTimeOffset until, string reason);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message =
            "Work on submission {SubmissionId} keeps failing (attempt {Faults}), so its inputs without "
                + "an outcome fail: {Reason}")]
    private partial void LogGaveUp(string submissionId, int faults, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A failed step could not be written to the ledger row of {Id}.")]
    private partial void LogLost(Exception error, string id);
}
