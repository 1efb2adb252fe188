namespace Pipeline.Model.Series;

/// <summary>The last record of one input in a series.</summary>
public sealed record SeriesEntry
{
    /// <summary>Identifies the input: 32 hex digits over the effective input.</summary>
    public required string Key { get; init; }

    /// <summary>What later records are compared with.</summary>
    public required SeriesOutcome Outcome { get; init; }

    /// <summary>The record's id.</summary>
    public required string RecordId { get; init; }

    /// <summary>The list that the record belongs to.</summary>
    public required string ListId { get; init; }

    /// <summary>
    /// Time at which that list was accepted, UTC. A record of a later run replaces that of an earlier one.
    /// </summary>
    public required DateTimeOffset RunAt { get; init; }

    /// <summary>Time at which the record was stored, UTC.</summary>
    public required DateTimeOffset RecordedAt { get; init; }

    /// <summary>Opaque version; empty for an entry that was never stored, or where the store needs none.</summary>
    public string Version { get; init; } = "";

    /// <summary>Whether this entry replaces a stored one: it belongs to the same run or a later one.</summary>
    internal bool Replaces(SeriesEntry stored) =>
        (RunAt, ListId, RecordedAt).CompareTo((stored.RunAt, stored.ListId, stored.RecordedAt)) >= 0;
}

/// <summary>A run of a series.</summary>
/// <param name="ListId">The list.</param>
/// <param name="RunAt">Time at which it was accepted, UTC.</param>
public sealed record SeriesRun(string ListId, DateTimeOffset RunAt);
