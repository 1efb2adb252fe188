using Microsoft.Extensions.Logging;
using Pipeline.Collect;
using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Sweep.Accepted;

/// <summary>
/// Gives up inputs of a complete batch that can no longer get a result. Before that it asks the bucket and the API's
/// own list of tasks, because a batch may not name all its tasks.
/// </summary>
internal sealed partial class LeftOverInputs(
    ILedger ledger,
    FinishedTasks finished,
    DeliveredResults delivered,
    UnnamedTasks unnamed,
    OutcomeRecorder outcomes,
    SweepPolicy policy,
    ILogger<LeftOverInputs> logger)
{
    /// <summary>
    /// Fails the remaining inputs. Once no good task is left to collect, or Collect had its time, an input without an
    /// outcome belongs to a task that failed, cannot be distinguished, or is not named by the API.
    /// </summary>
    /// <param name="submission">A submission whose batch is complete and whose finished tasks were queued.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="tasks">Its tasks, all of them ended.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    public async Task SettleAsync(
        SubmissionEntry submission,
        IReadOnlyList<InputEntry> inputs,
        IReadOnlyList<NimbleTask> tasks,
        CancellationToken cancellationToken)
    {
        if (await finished.SendLastAsync(submission, cancellationToken))
            return;
        var rows = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        var collected = FinishedTasks.CollectedIn(inputs);
        var left = tasks.Where(t => !collected.Contains(t.Id)).ToList();
        var good = left.Where(t => TaskStates.Classify(t.State) == TaskOutcome.Succeeded).Select(t => t.Id)
            .Except(rows.Where(t => t.IsOver).Select(t => t.TaskId)).ToHashSet(StringComparer.Ordinal);
        // Collect gives up a result one deadline after it was reported, which may be long after the batch is complete.
        var waits = policy.Now < submission.CompletedAt + policy.CollectTime;
        if (good.Count > 0 && waits)
            return;
        // An input with a good task waits for its result until the task deadline; an outage may hold the result back.
        var expected = rows.Where(t => good.Contains(t.TaskId)).Select(t => t.Ordinal).ToHashSet();
        var current = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        var waiting = current.Where(i => i.State == InputState.Waiting && !expected.Contains(i.Ordinal)).ToList();
        if (waiting.Count == 0
            || await MayLieInBucketAsync(submission, current, tasks, rows.Count, waits, cancellationToken)
            || await unnamed.SendAsync(submission, current, cancellationToken))
            return;
        var cause = CauseOf(submission, left, good.Count > 0);
        await outcomes.FailAsync(submission, waiting, cause, cancellationToken, discoveredBy: DiscoveredBy.Sweep);
        LogLeftOver(submission.SubmissionId, waiting.Count, cause.Reason);
    }

    /// <summary>
    /// Queues objects whose tasks the API does not name, and says whether results may be among them. Under an
    /// unguessable prefix, this holds as long as tasks are missing; otherwise only for the time that Collect has.
    /// </summary>
    private async Task<bool> MayLieInBucketAsync(
        SubmissionEntry submission,
        IReadOnlyList<InputEntry> inputs,
        IReadOnlyList<NimbleTask> tasks,
        int known,
        bool waits,
        CancellationToken cancellationToken)
    {
        var named = tasks.Select(t => t.Id).ToHashSet(StringComparer.Ordinal);
        var others = (await delivered.FindAsync(submission, inputs, cancellationToken))
            .Where(id => !named.Contains(id))
            .ToList();
        await delivered.SendAsync(submission, others, cancellationToken);
        return others.Count > 0 && (waits || (known < submission.Count && DeliveryPrefix.IsUnguessable(submission)));
    }

    private static FailureCause CauseOf(SubmissionEntry submission, List<NimbleTask> left, bool isAmbiguous)
    {
        if (isAmbiguous)
            return new("sweep", FailureReasons.ResultAmbiguous,
                "Several inputs have this URL, and nothing in Nimble's answers tells their results "
                    + "apart. Give each its own tag.");
        if (left.Find(t => TaskStates.Classify(t.State) == TaskOutcome.Failed) is { } failed)
            return new("sweep", FailureReasons.TaskFailed, TaskFailures.MessageOf(failed));
        if (submission.Message is { } refusal)
            return new("sweep", FailureReasons.SubmissionRefused, refusal);
        return new("sweep", FailureReasons.TaskExpired,
            "The batch is complete, but Nimble names no task for this input, neither in the batch "
                + "nor in its list of tasks.");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Inputs of submission {SubmissionId} can get no result any more and fail as {Reason}. Inputs: {Inputs}.")]
    private partial void LogLeftOver(string submissionId, int inputs, string reason);
}
