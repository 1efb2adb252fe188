namespace Pipeline.Model;

/// <summary>The state of a list.</summary>
public enum ListState
{
    /// <summary>It is being read and cut into submissions; its totals are not known yet.</summary>
    Planning,

    /// <summary>All submissions exist; some inputs have no outcome yet.</summary>
    Open,

    /// <summary>Every input has its outcome, and the manifest is published.</summary>
    Closed,

    /// <summary>
    /// It could not be accepted; <see cref="ListEntry.Message"/> says why. If the same list is sent again, Intake tries
    /// again.
    /// </summary>
    Refused,
}

/// <summary>What an operator wants to happen to a list that is not closed.</summary>
public enum ListSteering
{
    /// <summary>It runs.</summary>
    None,

    /// <summary>Nothing new is posted; what was posted is collected.</summary>
    Paused,

    /// <summary>Nothing more is posted: what is planned ends as <c>cancelled</c>.</summary>
    Cancelled,
}

/// <summary>A list of URLs in the ledger.</summary>
public sealed record ListEntry
{
    /// <summary>
    /// The id: given by the user, or a hash of the content. At most 64 letters, digits, <c>-</c> and <c>_</c>.
    /// </summary>
    public required string ListId { get; init; }

    /// <summary>The state.</summary>
    public required ListState State { get; init; }

    /// <summary>Where the list was read from, for people: a file name, a blob, "queue message".</summary>
    public string? Source { get; init; }

    /// <summary>
    /// Number of inputs: valid ones and invalid lines, without duplicates. Final after <see
    /// cref="ListState.Planning"/>.
    /// </summary>
    public long Inputs { get; init; }

    /// <summary>Number of duplicates dropped.</summary>
    public long Duplicates { get; init; }

    /// <summary>Number of invalid lines among <see cref="Inputs"/>; each is already a failure.</summary>
    public long Invalid { get; init; }

    /// <summary>Number of submissions. Final after <see cref="ListState.Planning"/>.</summary>
    public int Submissions { get; init; }

    /// <summary>Time at which the list was accepted, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Time at which the manifest was published or the list was refused, UTC.</summary>
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>Why the last attempt to close the list failed; null if none has failed since.</summary>
    public Setback? Setback { get; init; }

    /// <summary>
    /// Hash of the content and of the fields sent with it, 64 hex digits; null if the list was never read, or was read
    /// by an older version.
    /// </summary>
    public string? ContentHash { get; init; }

    /// <summary>Why the list was refused, for people; null if it was not.</summary>
    public string? Message { get; init; }

    /// <summary>What an operator wants to happen to it.</summary>
    public ListSteering Steering { get; init; }

    /// <summary>When an operator last changed <see cref="Steering"/>, UTC; null if never.</summary>
    public DateTimeOffset? SteeredAt { get; init; }
    /// <summary>The series that the list is a run of; null if there is none.</summary>
    public string? Series { get; init; }

    /// <summary>Number of inputs left out because the series has a record of them; not among Inputs.</summary>
    public long LeftOut { get; init; }

    /// <summary>
    /// Number of inputs that the series had a record of when the list was planned, whether they were left out or not.
    /// </summary>
    public long Known { get; init; }

    /// <summary>Time of the oldest of those records, UTC; null if there is none.</summary>
    public DateTimeOffset? KnownSince { get; init; }

    /// <summary>Number of inputs of earlier runs of the series that this list no longer has.</summary>
    public long Removed { get; init; }

    /// <summary>
    /// The list whose stored results this one reads again; null for an ordinary list. Nothing of such a list is posted
    /// automatically.
    /// </summary>
    public string? RevisionOf { get; init; }

    /// <summary>Opaque version that conditional updates compare; empty on an entry that was never stored.</summary>
    public string Version { get; init; } = "";
}
