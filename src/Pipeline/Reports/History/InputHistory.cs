using System.Text.Json.Serialization;
using Pipeline.Json;
using Pipeline.Model;

namespace Pipeline.Reports.History;

/// <summary>
/// Everything that is known about one input: what <c>pipeline explain</c> and <c>GET /api/explain</c> show.
/// </summary>
internal sealed record InputHistory
{
    /// <summary>The id of its record or failure.</summary>
    public required string Id { get; init; }

    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>Where the list was read from.</summary>
    public string? Source { get; init; }

    /// <summary>Position in the list, from 1.</summary>
    public required long Line { get; init; }

    /// <summary>The URL as written in the list; empty for an invalid line without one.</summary>
    public required string Url { get; init; }

    /// <summary>The input as posted: a JSON object; for an invalid line, its text as a JSON string.</summary>
    [JsonConverter(typeof(RawJsonConverter))]
    public required string Input { get; init; }

    /// <summary><c>waiting</c>, <c>recorded</c> or <c>failed</c>.</summary>
    public required string State { get; init; }

    /// <summary>Its submissions, in the order in which it was in them; usually one.</summary>
    public required IReadOnlyList<InputAttempt> Attempts { get; init; }

    /// <summary>Why it waits, for people; null if it does not.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>The failure; null without one.</summary>
    public Failure? Failure { get; init; }

    /// <summary>What the record says about itself; null without one, or if it is too large to be read.</summary>
    public RecordFacts? Record { get; init; }

    /// <summary>What happened, in order.</summary>
    public required IReadOnlyList<HistoryStep> Steps { get; init; }
}

/// <summary>An input in one submission.</summary>
/// <param name="SubmissionId">The submission.</param>
/// <param name="Ordinal">Its position there, from 0.</param>
/// <param name="Attempt">Number of this attempt, from 1.</param>
/// <param name="SubmissionState">The submission's state.</param>
/// <param name="PostedAt">When the intent of the POST was written, UTC; null if it was not posted.</param>
/// <param name="AcceptedAt">When it was known that Nimble accepted it, UTC.</param>
/// <param name="Proof">The evidence that Nimble accepted it; null if there is none.</param>
/// <param name="BatchId">Nimble's batch.</param>
/// <param name="Tasks">Nimble's tasks that work on the input.</param>
/// <param name="TaskId">The task that gave the outcome.</param>
/// <param name="DiscoveredBy">What reported its result.</param>
/// <param name="HttpStatus">The page's HTTP status.</param>
/// <param name="FinishedAt">When it got its outcome, UTC.</param>
/// <param name="MovedTo">The submission that it moved to.</param>
internal sealed record InputAttempt(
    string SubmissionId, int Ordinal, int Attempt, SubmissionState SubmissionState, DateTimeOffset? PostedAt,
    DateTimeOffset? AcceptedAt, PostProof? Proof, string? BatchId, IReadOnlyList<string> Tasks, string? TaskId,
    DiscoveredBy? DiscoveredBy, int? HttpStatus, DateTimeOffset? FinishedAt, string? MovedTo);

/// <summary>Something that happened to an input.</summary>
/// <param name="At">When, UTC; null if that is not known.</param>
/// <param name="Stage"><c>intake</c>, <c>submit</c>, <c>nimble</c>, <c>collect</c> or <c>sweep</c>.</param>
/// <param name="Text">What, in a sentence for people.</param>
internal sealed record HistoryStep(DateTimeOffset? At, string Stage, string Text);

/// <summary>What a record says about itself.</summary>
/// <param name="Bytes">Length of the record in bytes.</param>
/// <param name="HttpStatus">The page's HTTP status.</param>
/// <param name="CollectedAt">When the object was read, UTC.</param>
/// <param name="ContentDigest">Digest of its content.</param>
/// <param name="ContentBytes">Length of its content in bytes.</param>
/// <param name="ObjectUri">The stored object.</param>
/// <param name="ObjectBytes">Size of the stored object in bytes.</param>
/// <param name="ObjectEtag">ETag or generation of the stored object.</param>
internal sealed record RecordFacts(
    long Bytes, int? HttpStatus, DateTimeOffset? CollectedAt, string? ContentDigest, long? ContentBytes,
    string? ObjectUri, long? ObjectBytes, string? ObjectEtag);

/// <summary>What a search for inputs found.</summary>
/// <param name="Inputs">The histories, those of the latest lists first.</param>
/// <param name="IsComplete">Whether all lists were searched; else there may be more.</param>
/// <param name="Note">A note about them, for people; null if there is none.</param>
internal sealed record Explanation(IReadOnlyList<InputHistory> Inputs, bool IsComplete, string? Note = null);
