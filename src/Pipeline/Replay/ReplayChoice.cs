using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;
using Pipeline.Sweep;

namespace Pipeline.Replay;

/// <summary>What can be read again.</summary>
/// <param name="Inputs">The failed inputs whose results may be read.</param>
/// <param name="TaskIds">The tasks to read.</param>
/// <param name="Problem">Why the bucket could not be listed whole; null where it was, or need not be.</param>
internal sealed record Readable(IReadOnlyList<InputEntry> Inputs, IReadOnlyCollection<string> TaskIds, string? Problem);

/// <summary>
/// Chooses, of failed inputs, those whose results can be read again: their tasks are known, their objects lie in the bucket, or the API's own
/// list names their tasks.
/// </summary>
internal sealed partial class ReplayChoice(
    ILedger ledger,
    DeliveredResults delivered,
    UnnamedTasks unnamed,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<ReplayChoice> logger)
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
            var listed = (await delivered.FindAsync(submission, open, cancellationToken)).ToHashSet(StringComparer.Ordinal);
            listed.UnionWith(await FindAtApiAsync(submission, open, cancellationToken));
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

    /// <summary>
    /// Finds tasks in the API's own list while the API keeps results at all. A list that is not whole, or an API that does not answer, keeps
    /// nobody from posting again: that was asked for.
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
            await ledger.AddTasksAsync(submission.SubmissionId, new TaskMatcher(submission, open).Match(found), cancellationToken);
            return found.ConvertAll(t => t.Id);
        }
        catch (PipelineException silent) when (!silent.IsStoreFault)
        {
            LogSilent(submission.SubmissionId, silent.Message);
            return [];
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "The API cannot say whether it has more results of submission {SubmissionId}: {Reason}")]
    private partial void LogSilent(string submissionId, string reason);
}
