namespace Pipeline.Nimble.Replies;

/// <summary>The meaning of a task's state.</summary>
internal enum TaskOutcome
{
    /// <summary>The task has not ended, as far as is known.</summary>
    Pending,

    /// <summary>The task ended with a result.</summary>
    Succeeded,

    /// <summary>The task ended without a result.</summary>
    Failed,
}

/// <summary>The words for states that APIs use, in any case.</summary>
internal static class TaskStates
{
    private static readonly Dictionary<string, TaskOutcome> Words = new(StringComparer.OrdinalIgnoreCase)
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

    /// <summary>The meaning of a word; a missing or unknown one counts as pending.</summary>
    public static TaskOutcome Classify(string? state) =>
        state is not null && Words.TryGetValue(state.Trim(), out var outcome) ? outcome : TaskOutcome.Pending;

    /// <summary>Whether the word is known.</summary>
    public static bool IsKnown(string state) => Words.ContainsKey(state.Trim());
}
