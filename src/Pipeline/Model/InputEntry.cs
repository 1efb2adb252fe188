namespace Pipeline.Model;

/// <summary>What became of an input.</summary>
public enum InputState
{
    /// <summary>No outcome yet.</summary>
    Waiting,

    /// <summary>Its record is in the sink.</summary>
    Recorded,

    /// <summary>Its failure is in the sink.</summary>
    Failed,

    /// <summary>It goes on in another submission of its list, <see cref="InputEntry.MovedTo"/>, under the same id; its outcome is that entry's.</summary>
    Moved,
}

/// <summary>How the pipeline came to know that a result was there.</summary>
public enum DiscoveredBy
{
    /// <summary>Not yet.</summary>
    None,

    /// <summary>Nimble called back.</summary>
    Webhook,

    /// <summary>Sweep asked the API.</summary>
    Sweep,

    /// <summary>Sweep found the object in the bucket.</summary>
    Listing,
}

/// <summary>One input of a submission: one URL with its options.</summary>
public sealed record InputEntry
{
    /// <summary>The submission it is posted with.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>Its place in the submission, from 0.</summary>
    public required int Ordinal { get; init; }

    /// <summary>The record's id: derived from list and input, 32 hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>The URL as the list gave it, byte for byte; empty for a bad line without one.</summary>
    public required string Url { get; init; }

    /// <summary>The item as it is posted: a JSON object of what the list gave for this input (shared_inputs not merged in). For a bad line: its text as a JSON string.</summary>
    public required string Input { get; init; }

    /// <summary>What the list gave for it that is not posted: columns that are no extraction fields, a JSON object; null for none.</summary>
    public string? Kept { get; init; }

    /// <summary>Where it stands in the list: the line number, or for a JSON array the item number, from 1.</summary>
    public required long Line { get; init; }

    /// <summary>What became of it.</summary>
    public InputState State { get; init; }

    /// <summary>The task that gave the outcome.</summary>
    public string? TaskId { get; init; }

    /// <summary>How its result was learnt of.</summary>
    public DiscoveredBy DiscoveredBy { get; init; }

    /// <summary>The HTTP status that the page answered with, for a record or a page that failed for it; null where nobody said.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>For a failure: a word of <see cref="FailureReasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>For a failure: the whole <c>pipeline.failure/1</c> as JSON, so that putting it to the sink again gives the same bytes.</summary>
    public string? Failure { get; init; }

    /// <summary>When the outcome was written.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The submission that it was posted with again; null unless it is <see cref="InputState.Moved"/>.</summary>
    public string? MovedTo { get; init; }

    /// <summary>Opaque; what a conditional update compares.</summary>
    public string Version { get; init; } = "";
}

/// <summary>A task of a submission.</summary>
/// <param name="TaskId">Nimble's id.</param>
/// <param name="Ordinal">The input it works on; null until an echo or its result tells.</param>
/// <param name="IsOver">It failed, or its result cannot become a record, and another task of its input may still succeed.</param>
public sealed record TaskEntry(string TaskId, int? Ordinal, bool IsOver = false)
{
    /// <summary>What is known of a task from two sources: an ordinal that is known stays, and what is over stays over.</summary>
    internal TaskEntry With(TaskEntry other) => this with { Ordinal = Ordinal ?? other.Ordinal, IsOver = IsOver || other.IsOver };
}
