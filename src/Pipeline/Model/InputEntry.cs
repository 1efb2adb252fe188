using Pipeline.Model.Series;

namespace Pipeline.Model;

/// <summary>The outcome of an input.</summary>
public enum InputState
{
    /// <summary>No outcome yet.</summary>
    Waiting,

    /// <summary>Its record is in the sink.</summary>
    Recorded,

    /// <summary>Its failure is in the sink.</summary>
    Failed,

    /// <summary>
    /// It moved to another submission of its list, <see cref="InputEntry.MovedTo"/>, with the same id. That entry has
    /// its outcome.
    /// </summary>
    Moved,
}

/// <summary>How the pipeline learned that a result exists.</summary>
public enum DiscoveredBy
{
    /// <summary>It has not learned of one.</summary>
    None,

    /// <summary>Nimble called back.</summary>
    Webhook,

    /// <summary>Sweep asked the API.</summary>
    Sweep,

    /// <summary>Sweep found the object in the bucket.</summary>
    Listing,
}

/// <summary>Where a record is stored: a range of a part, which holds the records of one message.</summary>
/// <param name="Part">
/// Name of the part below the folder of its list: <c>{submission_id}/{part}.ndjson.gz</c>.
/// </param>
/// <param name="Offset">Offset of the record's gzip member in the part, bytes.</param>
/// <param name="Length">Length of the member, bytes: compressed, and a gzip file of its own.</param>
public sealed record RecordPlace(string Part, long Offset, long Length)
{
    /// <summary>Offset of the first byte after the member.</summary>
    internal long End => Offset + Length;
}

/// <summary>One input of a submission: one URL with its options.</summary>
public sealed record InputEntry
{
    /// <summary>The submission.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>Position in the submission, from 0.</summary>
    public required int Ordinal { get; init; }

    /// <summary>The record's id: 32 hex digits, derived from list and input.</summary>
    public required string Id { get; init; }

    /// <summary>The URL as written in the list, byte for byte; empty for an invalid line without one.</summary>
    public required string Url { get; init; }

    /// <summary>
    /// The item as posted: a JSON object with this input's own fields, without shared_inputs. For an invalid line, its
    /// text as a JSON string.
    /// </summary>
    public required string Input { get; init; }

    /// <summary>
    /// Fields of the item that are not posted, such as CSV columns that are not extraction fields: a JSON object; null
    /// if there are none.
    /// </summary>
    public string? Kept { get; init; }

    /// <summary>Position in the list, from 1: the line number, or the item number in a JSON array.</summary>
    public required long Line { get; init; }

    /// <summary>The outcome.</summary>
    public InputState State { get; init; }

    /// <summary>
    /// For a record: where it is. Null where the store of the records has no parts, and in rows of older versions.
    /// </summary>
    public RecordPlace? Place { get; init; }

    /// <summary>For a record in a part: its <c>content_digest</c>; null if it is not known.</summary>
    public string? ContentDigest { get; init; }

    /// <summary>The task that gave the outcome.</summary>
    public string? TaskId { get; init; }

    /// <summary>How the pipeline learned of the result.</summary>
    public DiscoveredBy DiscoveredBy { get; init; }

    /// <summary>
    /// The page's HTTP status, for a record or for a failure that it caused; null if the result has none.
    /// </summary>
    public int? HttpStatus { get; init; }

    /// <summary>For a failure: one of <see cref="FailureReasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>
    /// For a failure: the whole <c>pipeline.failure/1</c> as JSON, so that every write to the sink gives the same
    /// bytes.
    /// </summary>
    public string? Failure { get; init; }

    /// <summary>Time of the outcome, UTC.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The submission that the input moved to; null unless it is <see cref="InputState.Moved"/>.</summary>
    public string? MovedTo { get; init; }

    /// <summary>What the list's series knows of it; null if the list has no series.</summary>
    public InputSeries? Series { get; init; }

    /// <summary>Opaque version that conditional updates compare.</summary>
    public string Version { get; init; } = "";
}

/// <summary>A task and the input that it works on, as the ledger has them.</summary>
/// <param name="Task">The task.</param>
/// <param name="Input">Its input; null until an echo or the task's result identifies one.</param>
public sealed record TaskInput(TaskEntry Task, InputEntry? Input);

/// <summary>A task of a submission.</summary>
/// <param name="TaskId">Nimble's task id.</param>
/// <param name="Ordinal">The input that it works on; null until an echo or its result identifies one.</param>
/// <param name="IsOver">
/// Whether it failed or its result cannot become a record, while another task of its input may still succeed.
/// </param>
public sealed record TaskEntry(string TaskId, int? Ordinal, bool IsOver = false)
{
    /// <summary>
    /// Merges two entries of a task: a known ordinal stays known, and a task that is over stays over.
    /// </summary>
    internal TaskEntry With(TaskEntry other) =>
        this with { Ordinal = Ordinal ?? other.Ordinal, IsOver = IsOver || other.IsOver };
}
