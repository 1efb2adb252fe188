using Microsoft.Extensions.Logging;
using Pipeline.Collect.Normalize;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Nimble.Replies;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;
using Pipeline.Urls;

namespace Pipeline.Collect;

/// <summary>
/// Finds the input of a task that the POST's answer did not match to one. The ledger gets the match with the record;
/// without a record, at once.
/// </summary>
internal sealed partial class InputFinder(
    ILedger ledger, NimbleClient nimble, TaskMatcherCache matchers, ILogger<InputFinder> logger)
{
    /// <summary>Finds the input by the fields of the result, else by the API's echo, else by elimination.</summary>
    /// <param name="submission">An accepted submission.</param>
    /// <param name="taskId">A task of the submission.</param>
    /// <param name="result">The task's result, if it was read; the caller then adds the match to the ledger.</param>
    /// <param name="task">The task as the API describes it; null asks the API if needed.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <returns>Null if no single input matches.</returns>
    public async Task<InputEntry?> FindAsync(
        SubmissionEntry submission, string taskId, NormalizedResult? result, NimbleTask? task,
        CancellationToken cancellationToken)
    {
        var matcher = await matchers.ForAsync(submission, cancellationToken);
        var ordinal = (result is null ? null : matcher.Match(result))
            ?? matcher.Match(
                (task ?? await nimble.GetTaskAsync(submission.SubmissionId, taskId, cancellationToken))?.Input)
            ?? await EliminateAsync(submission, taskId, cancellationToken);
        if (ordinal is not { } found)
        {
            LogUnmatched(taskId, submission.SubmissionId, result?.Url is { } url ? UrlCredentials.Hide(url) : null);
            return null;
        }

        var input = matcher.Inputs[found];
        if (result is null)
            await AddAsync(submission, taskId, input, cancellationToken);
        return input;
    }

    /// <summary>Adds a match to the ledger.</summary>
    public Task AddAsync(
        SubmissionEntry submission, string taskId, InputEntry input, CancellationToken cancellationToken) =>
        ledger.AddTasksAsync(submission.SubmissionId, [new(taskId, input.Ordinal)], cancellationToken);

    private async Task<int?> EliminateAsync(
        SubmissionEntry submission, string taskId, CancellationToken cancellationToken)
    {
        var tasks = await ledger.GetTasksAsync(submission.SubmissionId, cancellationToken);
        return TaskMatcher.LastPair(submission, tasks) is { } last && last.TaskId == taskId ? last.Ordinal : null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Task {TaskId} matches no single input of submission {SubmissionId}; its result names '{Url}'.")]
    private partial void LogUnmatched(string taskId, string submissionId, string? url);
}
