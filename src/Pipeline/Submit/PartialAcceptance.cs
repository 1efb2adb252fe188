using Pipeline.Ledger;
using Pipeline.Nimble;

namespace Pipeline.Submit;

/// <summary>Which inputs Nimble did not take though it accepted their submission, as far as its answer tells beyond doubt.</summary>
internal static class PartialAcceptance
{
    /// <summary>What Nimble says of inputs that it has no task for; null where it took all, or says nothing.</summary>
    public static string? WordsOf(SubmissionEntry submission, PostOutcome.Accepted accepted)
    {
        if (accepted.Errors.Count == 0 || accepted.Tasks.Count >= submission.Count)
            return null;
        var words = string.Join(" ", accepted.Errors.Select(e => e.Message).Where(m => m.Length > 0).Distinct().Take(3));
        return $"Nimble accepted {accepted.Tasks.Count} of {submission.Count} inputs and not this one: {(words.Length > 0 ? words : "it gives no reason")}";
    }

    /// <summary>
    /// The refused inputs, each with Nimble's words. Errors and inputs are brought together by URL, or by place among the inputs that
    /// no task echoes. None where that leaves a doubt: then the rest is what remains once the batch is complete.
    /// </summary>
    public static IReadOnlyList<(InputEntry Input, string Message)> Find(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<TaskEntry> tasks, PostOutcome.Accepted accepted)
    {
        if (WordsOf(submission, accepted) is not { } words)
            return [];
        var taken = tasks.Select(t => t.Ordinal).OfType<int>().ToHashSet();
        var rest = inputs.Where(i => !taken.Contains(i.Ordinal)).ToList();
        var missing = submission.Count - tasks.Select(t => t.TaskId).Distinct().Count();
        var byUrl = rest.ToLookup(i => i.Url, StringComparer.Ordinal);
        var told = new Dictionary<int, string>();
        foreach (var error in accepted.Errors)
            if (InputOf(error, byUrl, rest, isExact: rest.Count == missing) is { } input)
                told.TryAdd(input.Ordinal, error.Message);
        // Either the tasks leave exactly these inputs over, or the errors name exactly as many as have no task.
        return rest.Count == missing ? [.. rest.Select(i => (i, Say(told.GetValueOrDefault(i.Ordinal), words)))]
            : told.Count == missing ? [.. rest.Where(i => told.ContainsKey(i.Ordinal)).Select(i => (i, Say(told[i.Ordinal], words)))]
            : [];
    }

    private static InputEntry? InputOf(InputError error, ILookup<string, InputEntry> byUrl, List<InputEntry> rest, bool isExact)
    {
        if (error.Url is { } url)
            return byUrl[url].ToList() is [var only] ? only : null;
        // Where counting starts is not documented: a place counts only among inputs that are known to be left over.
        return isExact && error.Place is { } place
            ? rest.Find(i => i.Ordinal == place) ?? rest.Find(i => i.Ordinal == place - 1)
            : null;
    }

    private static string Say(string? own, string words) => own is { Length: > 0 } ? $"Nimble did not accept this input: {own}" : words;
}
