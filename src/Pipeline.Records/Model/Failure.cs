using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Records;

/// <summary>An input that did not become a record, schema <c>pipeline.failure/1</c> (docs/record.md).</summary>
public sealed record Failure
{
    /// <summary>The name of the schema.</summary>
    public const string SchemaName = "pipeline.failure/1";

    /// <summary><see cref="SchemaName"/>.</summary>
    public required string Schema { get; init; }

    /// <summary>The id that the record would have had. A later record with the same id replaces the failure.</summary>
    public required string Id { get; init; }

    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>The submission.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>Nimble's batch; null if none was accepted.</summary>
    public string? BatchId { get; init; }

    /// <summary>Nimble's task; null if none is known.</summary>
    public string? TaskId { get; init; }

    /// <summary>The URL as written in the list; empty if the line has none.</summary>
    public required string Url { get; init; }

    /// <summary>The input, an object; null for a line that is no input.</summary>
    public JsonElement? Input { get; init; }

    /// <summary>The text of a line that is no input; null otherwise.</summary>
    public string? InputText { get; init; }

    /// <summary>Position in the list, from 1.</summary>
    public long? Line { get; init; }

    /// <summary>The stage that failed: <c>intake</c>, <c>submit</c>, <c>collect</c> or <c>sweep</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>One of the reasons in docs/record.md. Later versions may add others.</summary>
    public required string Reason { get; init; }

    /// <summary>What happened, where, and what to do; for people.</summary>
    public required string Message { get; init; }

    /// <summary>Number of attempts, retries and resubmissions included; at least 1.</summary>
    public required int Attempts { get; init; }

    /// <summary>Time of the last attempt, UTC.</summary>
    public required DateTimeOffset LastAttemptAt { get; init; }

    /// <summary>Whether another attempt may succeed.</summary>
    public required bool Retryable { get; init; }

    /// <summary>Members that this version of the library does not know; null if there are none.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }

    /// <summary>Where the failure was read; null if <see cref="FailureReader"/> did not read it.</summary>
    [JsonIgnore]
    public RecordPosition? Position { get; init; }
}
