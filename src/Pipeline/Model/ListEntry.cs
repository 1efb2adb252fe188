namespace Pipeline.Model;

/// <summary>How far a list has come.</summary>
public enum ListState
{
    /// <summary>Being read and cut into submissions; its totals are not known yet.</summary>
    Planning,

    /// <summary>All submissions exist; some inputs have no outcome yet.</summary>
    Open,

    /// <summary>Every input has its outcome and the manifest is published.</summary>
    Closed,

    /// <summary>It could not be taken in; <see cref="ListEntry.Message"/> says why. The same list is tried again when it comes again.</summary>
    Refused,
}

/// <summary>A list of URLs in the ledger.</summary>
public sealed record ListEntry
{
    /// <summary>Given by the user or a hash of the content; letters, digits, <c>-</c> and <c>_</c>, at most 64.</summary>
    public required string ListId { get; init; }

    /// <summary>How far it has come.</summary>
    public required ListState State { get; init; }

    /// <summary>What it was read from, for people: a file name, a blob, "queue message".</summary>
    public string? Source { get; init; }

    /// <summary>Inputs planned: valid ones and bad lines, without duplicates. Final once <see cref="State"/> is past Planning.</summary>
    public long Inputs { get; init; }

    /// <summary>Duplicates dropped.</summary>
    public long Duplicates { get; init; }

    /// <summary>Bad lines among <see cref="Inputs"/>; each is a failure already.</summary>
    public long Invalid { get; init; }

    /// <summary>Submissions cut; final once past Planning.</summary>
    public int Submissions { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its manifest was published, or when it was refused.</summary>
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>Why it could not be closed at the last try; null since that succeeded.</summary>
    public Setback? Setback { get; init; }

    /// <summary>The hash of its content and of what it was given from outside, 64 hex digits; null where it was never read, or by an older version.</summary>
    public string? ContentHash { get; init; }

    /// <summary>Why it was refused, for people; null for any other list.</summary>
    public string? Message { get; init; }

    /// <summary>Opaque; what a conditional update compares. Empty on an entry that was never stored.</summary>
    public string Version { get; init; } = "";
}
