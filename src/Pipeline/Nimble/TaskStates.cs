namespace Pipeline.Nimble;

/// <summary>What a state means for us.</summary>
internal enum TaskOutlook
{
    /// <summary>Not ended, as far as we know.</summary>
    Open,

    /// <summary>Ended with a result.</summary>
    Good,

    /// <summary>Ended without one.</summary>
    Bad,
}

/// <summary>The words for states met in the wild, in any case.</summary>
internal static class TaskStates
{
    private static readonly Dictionary<string, TaskOutlook> s_words = new(StringComparer.OrdinalIgnoreCase)
    {
        ["pending"] = TaskOutlook.Open,
        ["queued"] = TaskOutlook.Open,
        ["in_progress"] = TaskOutlook.Open,
        ["processing"] = TaskOutlook.Open,
        ["uploading"] = TaskOutlook.Open,
        ["success"] = TaskOutlook.Good,
        ["completed"] = TaskOutlook.Good,
        ["error"] = TaskOutlook.Bad,
        ["failed"] = TaskOutlook.Bad,
    };

    /// <summary>What the word means; no word, or an unknown one, is open.</summary>
    public static TaskOutlook Classify(string? state) => state is not null && s_words.TryGetValue(state.Trim(), out var outlook) ? outlook : TaskOutlook.Open;

    /// <summary>Whether the word is one we know.</summary>
    public static bool IsKnown(string state) => s_words.ContainsKey(state.Trim());
}
