using System.Collections.Frozen;

namespace Pipeline.Emit;

/// <summary>What became of a list, schema <c>pipeline.manifest/1</c>: <c>inputs = records + failures</c>, always.</summary>
public sealed record Manifest
{
    /// <summary>The schema's name.</summary>
    public string Schema { get; init; } = "pipeline.manifest/1";

    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>What it was read from, for people.</summary>
    public string? Source { get; init; }

    /// <summary>The API's address, or <c>emulator</c> for the one that the run itself started.</summary>
    public string? Api { get; init; }

    /// <summary>Inputs, duplicates not counted.</summary>
    public required long Inputs { get; init; }

    /// <summary>Inputs that became records.</summary>
    public required long Records { get; init; }

    /// <summary>Inputs that became failures.</summary>
    public required long Failures { get; init; }

    /// <summary>Duplicates dropped before counting.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Failures by reason.</summary>
    public required IReadOnlyDictionary<string, long> FailuresByReason { get; init; }

    /// <summary>Records by the HTTP status that the page answered with, such as <c>"404": 2</c>; <c>unknown</c> where no result said.</summary>
    public IReadOnlyDictionary<string, long> RecordsByHttpStatus { get; init; } = FrozenDictionary<string, long>.Empty;

    /// <summary>Inputs by how their result was learnt: <c>webhook</c>, <c>sweep</c>, <c>listing</c>; <c>none</c> for those that never had one.</summary>
    public required IReadOnlyDictionary<string, long> Learnt { get; init; }

    /// <summary>Every submission.</summary>
    public required IReadOnlyList<ManifestSubmission> Submissions { get; init; }

    /// <summary>Where the records are.</summary>
    public required IReadOnlyList<RecordLocation> Locations { get; init; }

    /// <summary>When the list was accepted, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the last input had its outcome, UTC.</summary>
    public required DateTimeOffset ClosedAt { get; init; }

    /// <summary>From acceptance to close, milliseconds.</summary>
    public required long DurationMs { get; init; }

    /// <summary>What held inputs back; null where neither a budget of the list nor a canary was set.</summary>
    public ManifestGuards? Guards { get; init; }

    /// <summary>Inputs that were accepted by Nimble times the price setting, in that setting's currency; null without a price.</summary>
    public decimal? EstimatedCost { get; init; }
}

/// <summary>The guards of a list in its manifest.</summary>
public sealed record ManifestGuards
{
    /// <summary>How many URLs the list might have posted; null without a budget.</summary>
    public long? BudgetUrls { get; init; }

    /// <summary>How many it has: accepted ones, and those of which that is unknown, each retry counted.</summary>
    public long? PostedUrls { get; init; }

    /// <summary>The submission of the list's first inputs; null where nothing waited for one.</summary>
    public string? CanarySubmission { get; init; }

    /// <summary>How many inputs it has.</summary>
    public int? CanaryInputs { get; init; }

    /// <summary>How many of them became records.</summary>
    public int? CanaryRecords { get; init; }

    /// <summary>How many had to, before the rest was submitted.</summary>
    public int? CanaryNeeded { get; init; }
}

/// <summary>A submission in a manifest.</summary>
public sealed record ManifestSubmission
{
    /// <summary>The submission.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>Nimble's batch, where there is one.</summary>
    public string? BatchId { get; init; }

    /// <summary>Its inputs; without those that another submission posted again.</summary>
    public required int Inputs { get; init; }

    /// <summary>Those that became records.</summary>
    public required int Records { get; init; }

    /// <summary>Those that became failures.</summary>
    public required int Failures { get; init; }

    /// <summary>When it was posted, UTC; null if it never was.</summary>
    public DateTimeOffset? PostedAt { get; init; }

    /// <summary>
    /// What proved that Nimble accepted it: <c>answer</c> (of the POST), <c>objects</c>, <c>callback</c>, <c>echo</c> or <c>inputs</c>; or that it did not: <c>refusal</c>.
    /// Null where nothing did, or it was never posted.
    /// </summary>
    public string? Proof { get; init; }

    /// <summary>Which attempt at its inputs it was, from 1.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>The submission whose failed inputs it posted again; those count here and not there.</summary>
    public string? RepeatOf { get; init; }
}

/// <summary>Where records lie.</summary>
public sealed record RecordLocation
{
    /// <summary>The file or object.</summary>
    public required string Uri { get; init; }

    /// <summary>Its size in bytes when the manifest was written.</summary>
    public required long Bytes { get; init; }

    /// <summary>How many records of this list it holds.</summary>
    public required long Records { get; init; }

    /// <summary>Lower-case hex SHA-256 of the bytes.</summary>
    public required string Sha256 { get; init; }
}
