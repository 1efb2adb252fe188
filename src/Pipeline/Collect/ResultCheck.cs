using Pipeline.Collect.Normalize;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Submit.Evidence;
using Pipeline.Urls;

namespace Pipeline.Collect;

/// <summary>
/// Checks that a complete document is the finished result of its task and its input. A failed check is a doubt: a
/// transient <see cref="PipelineException"/> whose reason the input fails with if no better result is found.
/// </summary>
internal static class ResultCheck
{
    // Words for failure that only results use; the words that tasks use are in TaskStates.
    private static readonly HashSet<string> Bad =
        new(["skipped", "fatal", "postponed", "ignored", "rejected", "blocked"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the exception means that what was read is not the result, or not yet.</summary>
    public static bool IsDoubt(PipelineException e) => e.Reason is FailureReasons.ObjectDamaged
        or FailureReasons.ObjectMissing or FailureReasons.ResultInvalid or FailureReasons.ResultFailed
        or FailureReasons.EmptyResult;

    /// <summary>Checks that the result is the task's; the case of the id may differ.</summary>
    public static void CheckTask(FoundResult found, string taskId)
    {
        if (found.Result.TaskId is { } named && !named.Equals(taskId, StringComparison.OrdinalIgnoreCase))
            throw Doubt(
                FailureReasons.ResultInvalid,
                $"The object {found.SourceUri} holds the result of task {named}, not of {taskId}.");
    }

    /// <summary>Checks that the result is finished. Its status is interpreted like a task's state.</summary>
    /// <returns>False if the result reports a failure.</returns>
    public static bool CheckStatus(FoundResult found)
    {
        var result = found.Result;
        var word = result.Status?.Trim();
        if (string.IsNullOrEmpty(word))
            return result.HasData ? true : throw Doubt(
                FailureReasons.ResultInvalid, $"{found.SourceUri} is not a result: it has neither data nor a status.");
        var outcome = Bad.Contains(word) ? TaskOutcome.Failed : TaskStates.Classify(word);
        if (outcome == TaskOutcome.Pending)
            throw Doubt(
                FailureReasons.ResultFailed, $"{found.SourceUri} is not a finished result: it reports '{word}'.");
        if (outcome == TaskOutcome.Succeeded)
            result.Status = "success";
        return outcome == TaskOutcome.Succeeded;
    }

    /// <summary>Checks that the page is not another input's, unless this input's URL redirected there.</summary>
    public static void CheckUrl(FoundResult found, InputEntry input, TaskMatcher matcher)
    {
        if (found.Result.Url is { } url && matcher.IsAnothers(url, input.Ordinal)
            && !RedirectChain.Leads(found.Result, input.Url))
            throw Doubt(
                FailureReasons.ResultInvalid,
                $"The object {found.SourceUri} holds the result of another input, {UrlCredentials.Hide(url)}, not of "
                    + $"{UrlCredentials.Hide(input.Url)}.");
    }

    /// <summary>Checks that the result holds data.</summary>
    public static void CheckContent(FoundResult found)
    {
        if (!found.Result.HasData)
            throw Doubt(
                FailureReasons.EmptyResult,
                $"{found.SourceUri} reports success, but its data is empty. "
                    + "Set Collect:EmptyResults to Record to accept such results.");
    }

    /// <summary>Whether the result names another URL than the input's.</summary>
    public static bool NamesAnotherUrl(NormalizedResult result, InputEntry input) =>
        result.Url is { } url && !CanonicalUrl.AreSame(url, input.Url);

    private static PipelineException Doubt(string reason, string message) =>
        PipelineException.Transient(reason, message);
}
