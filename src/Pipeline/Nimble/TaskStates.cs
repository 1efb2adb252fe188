namespace Pipeline.Nimble;

/// <summary>What a state means for us.</summary>
internal enum TaskOutcome
{
    /// <summary>Not ended, as far as we know.</summary>
    Pending,

    /// <summary>Ended with a result.</summary>
    Succeeded,

    /// <summary>Ended without one.</summary>
    Failed,
}

/// <summary>The words for states met in the wild, in any case.</summary>
internal static class TaskStates
{
    private static readonly Dictionary<string, TaskOutcome> s_words = new(StringComparer.OrdinalIgnoreCase)
    {
        ["pending"] = TaskOutcome.Pending,
        ["queued"] = TaskOutcome.Pending,
        ["in_progress"] = TaskOutcome.Pending,
        ["processing"] = TaskOutcome.Pending,
        ["uploading"] = TaskOutcome.Pending,
        ["success"] = TaskOutcome.Succeeded,
        ["completed"] = TaskOutcome.Succeeded,
        ["error"] = TaskOutcome.Failed,
        ["failed"] = TaskOutcome.Failed,
    };

    /// <summary>What the word means; no word, or an unknown one, is open.</summary>
    public static TaskOutcome Classify(string? state) => state is not null && s_words.TryGetValue(state.Trim(), out var outcome) ? outcome : TaskOutcome.Pending;

    /// <summary>Whether the word is one we know.</summary>
    public static bool IsKnown(string state) => s_words.ContainsKey(state.Trim());
}
