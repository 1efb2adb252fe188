using Microsoft.Extensions.Options;
using Pipeline.Collect.Normalize;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Nimble.Replies;
using Pipeline.Options;
using Pipeline.Stores;

namespace Pipeline.Submit.Evidence;

/// <summary>A task of an earlier part.</summary>
/// <param name="Task">The task, as far as the API describes it.</param>
/// <param name="StoredAt">Where its result lies; null if that is not known.</param>
internal sealed record PartTask(NimbleTask Task, ObjectUri? StoredAt);

/// <summary>
/// Finds the inputs that tasks of earlier parts work on: by what the API echoes, else by the result.
/// </summary>
internal sealed class PartInputs(
    NimbleClient nimble, ObjectStores objects, ResultNormalizer normalizer, IOptions<PipelineOptions> options,
    TimeProvider time)
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(10);

    /// <summary>Returns the ordinal of a task's input; null if it works on none of them, or nothing tells.</summary>
    /// <param name="submission">The submission that was divided.</param>
    /// <param name="matcher">Its inputs.</param>
    /// <param name="part">A task of one of its earlier parts.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <exception cref="PipelineException">
    /// Transient: API or bucket do not answer, or only the task's end will tell.
    /// </exception>
    public async Task<int?> FindAsync(
        SubmissionEntry submission, TaskMatcher matcher, PartTask part, CancellationToken cancellationToken)
    {
        var task = part.Task;
        if (task.Input is null)
            task = await nimble.GetTaskAsync(submission.SubmissionId, task.Id, cancellationToken) ?? task;
        if (matcher.MatchStranger(task.Input) is { } echoed)
            return echoed;
        if (matcher.IsForeign(task.Input))
            return null;
        if (part.StoredAt is null)
            RequireEnd(task, task.CreatedAt);
        return await ReadResultAsync(submission, matcher, part, cancellationToken);
    }

    /// <summary>
    /// Throws if a POST made tasks for these inputs, and only their end will tell which part they belong to.
    /// </summary>
    /// <exception cref="PipelineException">Transient.</exception>
    public void RequireOwner(TaskMatcher matcher, LostPost post)
    {
        foreach (var task in post.Tasks)
            if (task.Input is null || matcher.MatchStranger(task.Input) is not null)
                RequireEnd(task, task.CreatedAt ?? post.CreatedAt);
    }

    private void RequireEnd(NimbleTask task, DateTimeOffset? createdAt)
    {
        if (TaskStates.Classify(task.State) == TaskOutcome.Pending
            && time.GetUtcNow() - createdAt < options.Value.Sweep.TaskDeadline)
            throw PipelineException.Transient(
                FailureReasons.Unavailable,
                $"Task {task.Id} was posted before the ledger was restored. Only when it has ended will it be known "
                    + "which inputs need not be posted again.",
                LookAgainAfter);
    }

    private async Task<int?> ReadResultAsync(
        SubmissionEntry submission, TaskMatcher matcher, PartTask part, CancellationToken cancellationToken)
    {
        try
        {
            await using var read = part.StoredAt is { } uri
                ? await objects.OpenAsync(uri, cancellationToken)
                : await nimble.OpenResultsAsync(submission.SubmissionId, part.Task.Id, cancellationToken);
            if (read is null)
                return null;
            using var result = await normalizer.NormalizeAsync(read.Body, cancellationToken);
            return matcher.MatchStranger(result);
        }
        catch (PipelineException unusable)
            when (unusable.Reason is FailureReasons.LimitExceeded or FailureReasons.ResultInvalid)
        {
            return null;
        }
    }
}
