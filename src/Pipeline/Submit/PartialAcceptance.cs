using Pipeline.Model;
using Pipeline.Nimble.Replies;

namespace Pipeline.Submit;

/// <summary>
/// The inputs that Nimble refused although it accepted their submission, as far as its answer proves that.
/// </summary>
internal static class PartialAcceptance
{
    private const string NoReason = "it gives no reason";
    private const int MaxReasons = 3;

    /// <summary>
    /// What Nimble says about inputs that it has no task for; null if it accepted all, or if its errors are too few to
    /// account for them: an answer may omit tasks that it accepted.
    /// </summary>
    public static string? WordsOf(SubmissionEntry submission, PostOutcome.Accepted accepted)
    {
        var missing = submission.Count - accepted.Tasks.Count;
        if (missing <= 0 || accepted.Errors.Distinct().Count() < missing)
            return null;
        return $"Nimble accepted {accepted.Tasks.Count} of {Amount.Of(submission.Count, "input")} and not this one: "
            + ReasonOf(accepted.Errors);
    }

    /// <summary>The reason given by errors that cannot be assigned to an input.</summary>
    private static string ReasonOf(IEnumerable<InputError> errors) =>
        errors.Select(e => e.Message).Where(m => m.Length > 0).Distinct().Take(MaxReasons).ToList() switch
        {
            [] => NoReason,
            [var only] => only,
            var several => $"for one of these reasons: {string.Join(" | ", several)}",
        };

    /// <summary>
    /// The refused inputs, each with Nimble's message. An error that names an input's URL refuses that input. An error
    /// that names a position, or nothing, counts only if there is an error for each input without a task: an answer may
    /// omit tasks that it accepted, and their inputs wait for them.
    /// </summary>
    public static IReadOnlyList<(InputEntry Input, string Message)> Find(
        SubmissionEntry submission,
        IReadOnlyList<InputEntry> inputs,
        IReadOnlyList<TaskEntry> tasks,
        PostOutcome.Accepted accepted)
    {
        if (accepted.Errors.Count == 0 || accepted.Tasks.Count >= submission.Count)
            return [];
        var words = WordsOf(submission, accepted);
        var taken = tasks.Select(t => t.Ordinal).OfType<int>().ToHashSet();
        var rest = inputs.Where(i => !taken.Contains(i.Ordinal)).ToList();
        var missing = submission.Count - tasks.Select(t => t.TaskId).Distinct().Count();
        var isExact = rest.Count == missing && words is not null;
        var byUrl = rest.ToLookup(i => i.Url, StringComparer.Ordinal);
        var told = new Dictionary<int, string>();
        var untold = new List<InputError>();
        foreach (var error in accepted.Errors)
            if (InputOf(error, byUrl, rest, isExact) is { } input)
                told.TryAdd(input.Ordinal, error.Message);
            else
                untold.Add(error);
        if (told.Count > missing)
            return [];
        return
        [
            .. rest.Where(i => isExact || told.ContainsKey(i.Ordinal))
                .Select(i => (i, Say(told.GetValueOrDefault(i.Ordinal), untold))),
        ];
    }

    private static InputEntry? InputOf(
        InputError error, ILookup<string, InputEntry> byUrl, List<InputEntry> rest, bool isExact)
    {
        if (error.Url is { } url)
            return byUrl[url].ToList() is [var only] ? only : null;
        // Nimble does not document whether it counts from 0 or 1: a position counts only among inputs that are known to
        // have no task.
        return isExact && error.Place is { } place
            ? rest.Find(i => i.Ordinal == place) ?? rest.Find(i => i.Ordinal == place - 1)
            : null;
    }

    private static string Say(string? own, IEnumerable<InputError> untold) =>
        $"Nimble did not accept this input: {(own is { Length: > 0 } ? own : ReasonOf(untold))}";
}
