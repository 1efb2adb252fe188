using System.Collections.Frozen;
using System.Text.Json.Serialization;
using Pipeline.Model.Series;

namespace Pipeline.Model;

/// <summary>
/// The outcome of a list, schema <c>pipeline.manifest/1</c>. Always <c>inputs = records + failures</c>.
/// </summary>
public sealed record Manifest
{
    /// <summary>The schema name.</summary>
    public string Schema { get; init; } = "pipeline.manifest/1";

    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>Where the list was read from, for people.</summary>
    public string? Source { get; init; }

    /// <summary>The list whose stored results this one read again; null for an ordinary list.</summary>
    public string? RevisionOf { get; init; }

    /// <summary>The API's address, or <c>emulator</c> for the emulator that the run itself started.</summary>
    public string? Api { get; init; }

    /// <summary>Number of inputs, without duplicates.</summary>
    public required long Inputs { get; init; }

    /// <summary>Number of inputs that became records.</summary>
    public required long Records { get; init; }

    /// <summary>Number of inputs that became failures.</summary>
    public required long Failures { get; init; }

    /// <summary>Number of duplicates dropped by Intake.</summary>
    public required long Duplicates { get; init; }

    /// <summary>The series that the list is a run of; null if there is none.</summary>
    public string? Series { get; init; }

    /// <summary>
    /// Number of inputs left out because the series has a record of them; not among <see cref="Inputs"/>. Null without
    /// a series.
    /// </summary>
    public long? LeftOut { get; init; }

    /// <summary>How the records compare with the series; null without a series.</summary>
    public ManifestChanges? Changes { get; init; }

    /// <summary>Number of failures by reason.</summary>
    public required IReadOnlyDictionary<string, long> FailuresByReason { get; init; }

    /// <summary>
    /// Number of records by the page's HTTP status, such as <c>"404": 2</c>; <c>unknown</c> if the result has none.
    /// </summary>
    public IReadOnlyDictionary<string, long> RecordsByHttpStatus { get; init; } = FrozenDictionary<string, long>.Empty;

    /// <summary>
    /// Number of inputs by what reported their result: <c>webhook</c>, <c>sweep</c> or <c>listing</c>; <c>none</c> for
    /// inputs without a result.
    /// </summary>
    [JsonPropertyName("learnt")]
    public required IReadOnlyDictionary<string, long> DiscoveredBy { get; init; }

    /// <summary>All submissions of the list.</summary>
    public required IReadOnlyList<ManifestSubmission> Submissions { get; init; }

    /// <summary>The files or objects that hold the records.</summary>
    public required IReadOnlyList<RecordLocation> Locations { get; init; }

    /// <summary>Time at which the list was accepted, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Time at which the last input got its outcome, UTC.</summary>
    public required DateTimeOffset ClosedAt { get; init; }

    /// <summary>Time from acceptance to close, milliseconds.</summary>
    public required long DurationMs { get; init; }

    /// <summary>The list's budget and canary; null if the list had neither.</summary>
    public ManifestGuards? Guards { get; init; }

    /// <summary>
    /// Number of inputs that Nimble accepted times the configured price, in that price's currency; null without a
    /// price.
    /// </summary>
    public decimal? EstimatedCost { get; init; }
}

/// <summary>How the records of a list compare with the earlier runs of its series.</summary>
/// <param name="New">Number of records of inputs that the series had no record of.</param>
/// <param name="Same">Number of records that are the same as the last ones.</param>
/// <param name="Changed">Number of records that differ from the last ones.</param>
/// <param name="Removed">Number of inputs of the previous run that this list does not have.</param>
public sealed record ManifestChanges(long New, long Same, long Changed, long Removed)
{
    internal ManifestChanges With(RecordChange? change) => change switch
    {
        RecordChange.New => this with { New = New + 1 },
        RecordChange.Same => this with { Same = Same + 1 },
        RecordChange.Changed => this with { Changed = Changed + 1 },
        _ => this,
    };
}

/// <summary>The budget and canary of a list, as its manifest reports them.</summary>
public sealed record ManifestGuards
{
    /// <summary>Number of URLs that the list was allowed to post; null without a budget.</summary>
    public long? BudgetUrls { get; init; }

    /// <summary>
    /// Number of URLs posted: accepted ones and those whose acceptance is unknown. Every retry counts.
    /// </summary>
    public long? PostedUrls { get; init; }

    /// <summary>The submission with the canary inputs; null without a canary.</summary>
    public string? CanarySubmission { get; init; }

    /// <summary>Number of canary inputs.</summary>
    public int? CanaryInputs { get; init; }

    /// <summary>Number of canary inputs that became records.</summary>
    public int? CanaryRecords { get; init; }

    /// <summary>Number of canary inputs that had to become records before the rest was submitted.</summary>
    public int? CanaryNeeded { get; init; }
}

/// <summary>A submission in a manifest.</summary>
public sealed record ManifestSubmission
{
    /// <summary>The submission.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>Nimble's batch id; null if there is none.</summary>
    public string? BatchId { get; init; }

    /// <summary>Number of inputs, without those that moved to another submission.</summary>
    public required int Inputs { get; init; }

    /// <summary>Number of inputs that became records.</summary>
    public required int Records { get; init; }

    /// <summary>Number of inputs that became failures.</summary>
    public required int Failures { get; init; }

    /// <summary>Time of the POST, UTC; null if it was never posted.</summary>
    public DateTimeOffset? PostedAt { get; init; }

    /// <summary>
    /// The evidence that Nimble accepted the submission: <c>answer</c> (to the POST), <c>objects</c>, <c>callback</c>,
    /// <c>echo</c> or <c>inputs</c>; or <c>refusal</c>, which shows that it did not. Null without evidence or without a
    /// POST.
    /// </summary>
    public string? Proof { get; init; }

    /// <summary>Number of this attempt at the inputs, from 1.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>The earlier submission that the inputs moved from; they count here, not there.</summary>
    public string? RepeatOf { get; init; }
}

/// <summary>A file or object that holds records.</summary>
public sealed record RecordLocation
{
    /// <summary>Address of the file or object.</summary>
    public required string Uri { get; init; }

    /// <summary>Size in bytes when the manifest was written.</summary>
    public required long Bytes { get; init; }

    /// <summary>Number of records of this list that it holds.</summary>
    public required long Records { get; init; }

    /// <summary>
    /// SHA-256 of the bytes, lower-case hex; null if the storage service copied some of them itself, so that the
    /// pipeline never saw them.
    /// </summary>
    public string? Sha256 { get; init; }

    /// <summary>
    /// Which state of a local file the other values describe; an erasure changes it. It is not in the manifest's JSON.
    /// </summary>
    internal string? Generation { get; init; }
}
