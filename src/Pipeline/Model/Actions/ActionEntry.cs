namespace Pipeline.Model.Actions;

/// <summary>
/// An action that somebody requested on a page and that may take long, with its progress. The ledger keeps the last one
/// of each subject, so every process can show it, even after the process that ran it has ended.
/// </summary>
internal sealed record ActionEntry
{
    /// <summary>The subject of actions on many lists. No list has this id.</summary>
    public const string AllLists = "*";

    /// <summary>What it acts on: the id of a list, or <see cref="AllLists"/>.</summary>
    public required string Subject { get; init; }

    /// <summary>What was requested, for people.</summary>
    public required string Title { get; init; }

    /// <summary>When it began, UTC.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When its process last updated this row, UTC; every few seconds while it runs.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Number of units done.</summary>
    public int Done { get; init; }

    /// <summary>Number of all units; 0 while unknown.</summary>
    public int Of { get; init; }

    /// <summary>What is counted, such as <c>submission</c>.</summary>
    public string Unit { get; init; } = "";

    /// <summary>What it did so far, in a sentence for people.</summary>
    public string Note { get; init; } = "";

    /// <summary>How it ended, in a sentence for people; null while it is running.</summary>
    public string? Result { get; init; }
}
