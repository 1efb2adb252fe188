using System.Text.Json;

namespace Pipeline.Model;

/// <summary>
/// An input that did not become a record, schema <c>pipeline.failure/1</c> (docs/record.schema.json).
/// </summary>
public sealed record Failure
{
    /// <summary>The schema name.</summary>
    public string Schema { get; init; } = "pipeline.failure/1";

    /// <summary>The id that the record would have had.</summary>
    public required string Id { get; init; }

    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>The submission.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>Nimble's batch id; null if no batch was accepted.</summary>
    public string? BatchId { get; init; }

    /// <summary>Nimble's task id; null if none is known.</summary>
    public string? TaskId { get; init; }

    /// <summary>The URL as written in the list; empty for an invalid line without one.</summary>
    public required string Url { get; init; }

    /// <summary>The input as submitted, an object; null for a line that is no input.</summary>
    public JsonElement? Input { get; init; }

    /// <summary>The text of a line that is no input; null otherwise.</summary>
    public string? InputText { get; init; }

    /// <summary>Position in the list, from 1.</summary>
    public long? Line { get; init; }

    /// <summary>The stage that failed: <c>intake</c>, <c>submit</c>, <c>collect</c> or <c>sweep</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>One of <see cref="FailureReasons"/>.</summary>
    public required string Reason { get; init; }

    /// <summary>Message for people: what happened, where, and what to do.</summary>
    public required string Message { get; init; }

    /// <summary>
    /// Number of attempts at this input, retries and resubmissions included; at least 1, even if nothing was posted.
    /// </summary>
    public required int Attempts { get; init; }

    /// <summary>Time of the last attempt, UTC.</summary>
    public required DateTimeOffset LastAttemptAt { get; init; }

    /// <summary>Whether another attempt may succeed.</summary>
    public required bool Retryable { get; init; }
}
