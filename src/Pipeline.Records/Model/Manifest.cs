using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Records;

/// <summary>
/// The account of a list, or of all lists of a folder, schema <c>pipeline.manifest/1</c> (docs/record.md). Always
/// <c>inputs = records + failures</c>.
/// </summary>
public sealed record Manifest
{
    /// <summary>The name of the schema.</summary>
    public const string SchemaName = "pipeline.manifest/1";

    /// <summary><see cref="SchemaName"/>.</summary>
    public required string Schema { get; init; }

    /// <summary>The list; null if the manifest sums up several <see cref="Lists"/>.</summary>
    public string? ListId { get; init; }

    /// <summary>Where the list was read from, for people.</summary>
    public string? Source { get; init; }

    /// <summary>The series of the list; null if it is not a run of a series.</summary>
    public string? Series { get; init; }

    /// <summary>The list whose stored results this one read again; null for an ordinary list.</summary>
    public string? RevisionOf { get; init; }

    /// <summary>The API's address, or <c>emulator</c>.</summary>
    public string? Api { get; init; }

    /// <summary>Number of inputs, without duplicates.</summary>
    public required long Inputs { get; init; }

    /// <summary>Number of inputs that became records.</summary>
    public required long Records { get; init; }

    /// <summary>Number of inputs that became failures.</summary>
    public required long Failures { get; init; }

    /// <summary>Number of inputs dropped because the list already had them.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Number of failures by reason.</summary>
    public IReadOnlyDictionary<string, long>? FailuresByReason { get; init; }

    /// <summary>Number of records by HTTP status; <c>unknown</c> if the result has none.</summary>
    public IReadOnlyDictionary<string, long>? RecordsByHttpStatus { get; init; }

    /// <summary>
    /// Number of inputs by what reported their result: <c>webhook</c>, <c>sweep</c>, <c>listing</c>, <c>none</c>.
    /// </summary>
    public IReadOnlyDictionary<string, long>? Learnt { get; init; }

    /// <summary>Number of inputs that were left out because the series already had them.</summary>
    public long? LeftOut { get; init; }

    /// <summary>
    /// Compared with the last run of the series, the numbers of inputs that are <c>new</c>, <c>same</c>,
    /// <c>changed</c> and <c>removed</c>; null without a series.
    /// </summary>
    public IReadOnlyDictionary<string, long>? Changes { get; init; }

    /// <summary>The submissions of the list.</summary>
    public IReadOnlyList<ManifestSubmission>? Submissions { get; init; }

    /// <summary>The files or objects that hold the records.</summary>
    public IReadOnlyList<ManifestLocation>? Locations { get; init; }

    /// <summary>Time at which the list was accepted, UTC.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Time of the last outcome, UTC.</summary>
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>Milliseconds between the two.</summary>
    public long? DurationMs { get; init; }

    /// <summary>The budget and canary of the list; null if it had neither.</summary>
    public ManifestGuards? Guards { get; init; }

    /// <summary>Number of accepted inputs times the configured price; null without a price.</summary>
    public decimal? EstimatedCost { get; init; }

    /// <summary>The manifests of all lists of a folder that holds several; the counts above are then sums.</summary>
    public IReadOnlyList<Manifest>? Lists { get; init; }

    /// <summary>Members that this version of the library does not know; null if there are none.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }

    /// <summary>Returns what is wrong although each value has its type; null if nothing is.</summary>
    internal string? FindFault() =>
        Submissions?.Contains(null!) == true ? "a submission is null"
        : Locations?.Contains(null!) == true ? "a location is null"
        : Lists?.Contains(null!) == true ? "a list is null"
        : Lists?.Select(list => list.FindFault()).FirstOrDefault(fault => fault is not null);
}

/// <summary>A submission in a manifest.</summary>
public sealed record ManifestSubmission
{
    /// <summary>The submission.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>Nimble's batch; null if there is none.</summary>
    public string? BatchId { get; init; }

    /// <summary>Number of inputs that count here, not in a submission that they moved to.</summary>
    public required long Inputs { get; init; }

    /// <summary>Number of inputs that became records.</summary>
    public required long Records { get; init; }

    /// <summary>Number of inputs that became failures.</summary>
    public required long Failures { get; init; }

    /// <summary>Time of the POST, UTC; null if it was never posted.</summary>
    public DateTimeOffset? PostedAt { get; init; }

    /// <summary>
    /// The evidence that Nimble accepted it (<c>answer</c>, <c>objects</c>, <c>callback</c>, <c>echo</c>,
    /// <c>inputs</c>) or did not (<c>refusal</c>).
    /// </summary>
    public string? Proof { get; init; }

    /// <summary>Number of this attempt at the inputs, from 1.</summary>
    public int? Attempt { get; init; }

    /// <summary>The earlier submission that the inputs moved from.</summary>
    public string? RepeatOf { get; init; }

    /// <summary>Members that this version of the library does not know; null if there are none.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>A file or object that holds records.</summary>
public sealed record ManifestLocation
{
    /// <summary>Its address.</summary>
    public required string Uri { get; init; }

    /// <summary>Size in bytes when the manifest was written. A local file may have grown since.</summary>
    public required long Bytes { get; init; }

    /// <summary>The address.</summary>
    public required long Records { get; init; }

    /// <summary>
    /// SHA-256 of these bytes, lower-case hex; null if the storage service copied some of them itself. Each record's
    /// own digest and gzip checksum then prove them.
    /// </summary>
    public string? Sha256 { get; init; }

    /// <summary>Members that this version of the library does not know; null if there are none.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>The budget and canary of a list.</summary>
public sealed record ManifestGuards
{
    /// <summary>Number of URLs that the list was allowed to post; null without a budget.</summary>
    public long? BudgetUrls { get; init; }

    /// <summary>Number of URLs posted; every retry counts.</summary>
    public long? PostedUrls { get; init; }

    /// <summary>The submission with the canary inputs; null without a canary.</summary>
    public string? CanarySubmission { get; init; }

    /// <summary>Number of canary inputs.</summary>
    public long? CanaryInputs { get; init; }

    /// <summary>Number of canary inputs that became records.</summary>
    public long? CanaryRecords { get; init; }

    /// <summary>Number of canary inputs that had to become records before the rest was submitted.</summary>
    public long? CanaryNeeded { get; init; }

    /// <summary>Members that this version of the library does not know; null if there are none.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}
