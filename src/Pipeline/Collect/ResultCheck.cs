
using Pipeline.Collect.Normalize;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Submit.Evidence;
using Pipeline.Urls;

namespace Pipeline.Collect;

/// <summary>
/// Whether a whole document is the finished result of its task and its input. What is not is a doubt: a transient
/// <see cref="PipelineException"/> with the reason that the input fails with if nothing better is found.
/// </summary>
internal static class ResultCheck
{
    // Words of results that say how a task ended, beside those that tasks have for it.
    private static readonly HashSet<string> s_bad =
        new(["skipped", "fatal", "postponed", "ignored", "rejected", "blocked"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the exception says that what was read is not, or not yet, the result.</summary>
    public static bool IsDoubt(PipelineException e) => e.Reason is FailureReasons.ObjectDamaged
        or FailureReasons.ObjectMissing or FailureReasons.ResultInvalid or FailureReasons.ResultFailed or FailureReasons.EmptyResult;

    /// <summary>The result must be the task's; its id may differ in case.</summary>
    public static void CheckTask(FoundResult found, string taskId)
    {
        if (found.Result.TaskId is { } named && !named.Equals(taskId, StringComparison.OrdinalIgnoreCase))
            throw Doubt(FailureReasons.ResultInvalid, $"The object {found.SourceUri} holds the result of task {named}, not of {taskId}.");
    }

    /// <summary>The result must be finished. Its status is read as a task's state is.</summary>
    /// <returns>False where it says that the task ended badly.</returns>
    public static bool CheckStatus(FoundResult found)
    {
        var result = found.Result;
        var word = result.Status?.Trim();
        if (string.IsNullOrEmpty(word))
            return result.HasData ? true : throw Doubt(FailureReasons.ResultInvalid, $"{found.SourceUri} is no result: it has neither data nor a status.");
        var outcome = s_bad.Contains(word) ? TaskOutcome.Failed : TaskStates.Classify(word);
        if (outcome == TaskOutcome.Pending)
            throw Doubt(FailureReasons.ResultFailed, $"{found.SourceUri} is no finished result: it reports '{word}'.");
        if (outcome == TaskOutcome.Succeeded)
            result.Status = "success";
        return outcome == TaskOutcome.Succeeded;
    }

    /// <summary>The page must not be another input's, unless a redirect led there.</summary>
    public static void CheckUrl(FoundResult found, InputEntry input, TaskMatcher matcher)
    {
        if (found.Result.Url is { } url && matcher.IsAnothers(url, input.Ordinal) && !RedirectChain.Leads(found.Result, input.Url))
            throw Doubt(FailureReasons.ResultInvalid, $"The object {found.SourceUri} holds the result of {url}, which is another input's, not of {input.Url}.");
    }

    /// <summary>The result must hold something.</summary>
    public static void CheckContent(FoundResult found)
    {
        if (!found.Result.HasData)
            throw Doubt(FailureReasons.EmptyResult, $"{found.SourceUri} reports success, but its data is empty. Set Collect:EmptyResults to Record to take such results.");
    }

    /// <summary>Whether the URL that the result names is not the input's own.</summary>
    public static bool NamesAnotherUrl(NormalizedResult result, InputEntry input) =>
        result.Url is { } url && !CanonicalUrl.AreSame(url, input.Url);

    private static PipelineException Doubt(string reason, string message) => PipelineException.Transient(reason, message);
}
