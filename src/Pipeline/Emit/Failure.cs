using System.Text.Json;

namespace Pipeline.Emit;

/// <summary>One input that did not become a record, schema <c>pipeline.failure/1</c> (docs/record.schema.json).</summary>
public sealed record Failure
{
    /// <summary>The schema's name.</summary>
    public string Schema { get; init; } = "pipeline.failure/1";

    /// <summary>The same id the record would have had.</summary>
    public required string Id { get; init; }

    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>The submission.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>The batch, where one was accepted.</summary>
    public string? BatchId { get; init; }

    /// <summary>The task, where one is known.</summary>
    public string? TaskId { get; init; }

    /// <summary>The URL as the list gave it; empty for a bad line without one.</summary>
    public required string Url { get; init; }

    /// <summary>The input as submitted; for a bad line its text as a string.</summary>
    public required JsonElement Input { get; init; }

    /// <summary>Its place in the list, from 1.</summary>
    public long? Line { get; init; }

    /// <summary>Where it failed: <c>intake</c>, <c>submit</c>, <c>collect</c>, <c>sweep</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>A word of <see cref="FailureReasons"/>.</summary>
    public required string Reason { get; init; }

    /// <summary>For people: what, where, and what to do.</summary>
    public required string Message { get; init; }

    /// <summary>How often it was submitted or meant to be, resubmissions included; at least 1.</summary>
    public required int Attempts { get; init; }

    /// <summary>When it was tried last, UTC.</summary>
    public required DateTimeOffset LastAttemptAt { get; init; }

    /// <summary>Whether trying again may help.</summary>
    public required bool Retryable { get; init; }
}
