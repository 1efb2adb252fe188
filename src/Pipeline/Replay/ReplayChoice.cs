using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;
using Pipeline.Sweep.Accepted;

namespace Pipeline.Replay;

/// <summary>The results that can be read again.</summary>
/// <param name="Inputs">The failed inputs whose results may be readable.</param>
/// <param name="TaskIds">The tasks to read.</param>
/// <param name="Problem">Why the listing of the bucket is incomplete; null if it is complete or was not needed.</param>
internal sealed record Readable(IReadOnlyList<InputEntry> Inputs, IReadOnlyCollection<string> TaskIds, string? Problem);

/// <summary>
/// Chooses the failed inputs whose results can be read again: their tasks are known, their objects are in the bucket,
/// or the API lists their tasks.
/// </summary>
internal sealed partial class ReplayChoice(
    ILedger ledger,
    DeliveredResults delivered,
    UnnamedTasks unnamed,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<ReplayChoice> logger)
{
    /// <summary>Chooses the results to read again.</summary>
    /// <param name="submission">A closed submission.</param>
    /// <param name="inputs">All its inputs.</param>
    /// <param name="failed">The failed inputs to choose from.</param>
    /// <param name="resubmit">
    /// Whether the rest will be posted again; if so, results that were already read and rejected are not read again.
    /// </param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    public async Task<Readable> ChooseAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<InputEntry> failed, bool resubmit,
        CancellationToken cancellationToken)
    {
        if (submission.AcceptedAt is null)
            return new([], [], Problem: null);
        var wanted = failed.Select(i => i.Ordinal).ToHashSet();
        // Tasks that failed at Nimble would fail again.
        var chosen = failed.Where(i => !resubmit && i.TaskId is not null
            && FailureRemedies.Of(i.Reason).ReplaysFree).ToHashSet();
        var taskIds = chosen.Select(i => i.TaskId!).ToHashSet(StringComparer.Ordinal);
        try
        {
            var open = inputs.Select(i => wanted.Contains(i.Ordinal) ? Unread(i) : i).ToList();
            var listed = (
                await delivered.FindAsync(submission, open, cancellationToken)).ToHashSet(StringComparer.Ordinal);
            listed.UnionWith(await FindAtApiAsync(submission, open, cancellationToken));
            var rows = (
                await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken)).ToDictionary(t =>
                    t.TaskId, StringComparer.Ordinal);
            var ordinals = listed.Select(id => rows.GetValueOrDefault(id)?.Ordinal).ToHashSet();
            chosen.UnionWith(
                failed.Where(i => ordinals.Contains(i.Ordinal) || (ordinals.Contains(null) && MayBeUnnamed(i))));
            taskIds.UnionWith(listed);
            return new([.. chosen], taskIds, Problem: null);
        }
        catch (PipelineException problem) when (!problem.IsStoreFault)
        {
            return new(
                [.. chosen],
                taskIds,
                $"Cannot list {submission.StorageUrl}, which may hold results: {problem.Message}");
        }
    }

    /// <summary>
    /// Finds tasks in the API's list, as long as the API keeps results. An incomplete list, or no answer, does not
    /// prevent posting again, because the operator asked for it.
    /// </summary>
    private async Task<IReadOnlyList<string>> FindAtApiAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> open, CancellationToken cancellationToken)
    {
        if (time.GetUtcNow() - submission.AcceptedAt > options.Value.Sweep.TaskDeadline)
            return [];
        try
        {
            var found = (await unnamed.FindAsync(submission, open, cancellationToken))
                .Where(t => TaskStates.Classify(t.State) != TaskOutcome.Failed).ToList();
            await ledger.AddTasksAsync(
                submission.SubmissionId, new TaskMatcher(submission, open).Match(found), cancellationToken);
            return found.ConvertAll(t => t.Id);
        }
        catch (PipelineException silent) when (!silent.IsStoreFault)
        {
            LogSilent(submission.SubmissionId, silent.Message);
            return [];
        }
    }

    /// <summary>
    /// The input without an outcome. It keeps its task only if that task's result was read and gave no record.
    /// </summary>
    private static InputEntry Unread(InputEntry failed) => failed with
    {
        State = InputState.Waiting,
        TaskId = FailureRemedies.Of(failed.Reason).MayBeDelivered ? null : failed.TaskId,
    };

    /// <summary>Whether an object of an unknown task may belong to the input.</summary>
    private static bool MayBeUnnamed(InputEntry failed) =>
        failed.TaskId is null || FailureRemedies.Of(failed.Reason).MayBeDelivered;

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "The API does not say whether it has more results of submission {SubmissionId}: {Reason}")]
    private partial void LogSilent(string submissionId, string reason);
}
