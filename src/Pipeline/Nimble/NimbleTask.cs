using System.Text.Json;
using Pipeline.Model;

namespace Pipeline.Nimble;

/// <summary>A task as the API describes it. Everything but its id may be missing.</summary>
internal sealed record NimbleTask
{
    /// <summary>The id, well-formed (<see cref="TaskIds"/>).</summary>
    public required string Id { get; init; }

    /// <summary>The state as given; <see cref="TaskStates.Classify"/> reads it.</summary>
    public string? State { get; init; }

    /// <summary>The batch it belongs to, well-formed.</summary>
    public string? BatchId { get; init; }

    /// <summary>The input it echoes (<c>input</c>, else <c>_query</c>), an object with at least one member.</summary>
    public JsonElement? Input { get; init; }

    /// <summary>The HTTP status of the page.</summary>
    public int? StatusCode { get; init; }

    /// <summary>What went wrong.</summary>
    public string? Error { get; init; }

    /// <summary>The kind of what went wrong.</summary>
    public string? ErrorType { get; init; }

    /// <summary>Where Nimble offers the result. Never dereferenced.</summary>
    public string? DownloadUrl { get; init; }

    /// <summary>Where Nimble says it wrote the result. Never dereferenced.</summary>
    public string? OutputUrl { get; init; }

    /// <summary>The callback it was given, from the task or its echoed input. Never dereferenced.</summary>
    public string? CallbackUrl { get; init; }

    /// <summary>When Nimble took it.</summary>
    public DateTimeOffset? CreatedAt { get; init; }
}

/// <summary>A batch as the API describes it.</summary>
/// <param name="Id">The id, well-formed.</param>
/// <param name="Completed">Whether all its tasks have ended.</param>
/// <param name="CompletedCount">How many have.</param>
/// <param name="Tasks">Its tasks; in a list of batches only their ids may be there.</param>
/// <param name="CreatedAt">When Nimble took it.</param>
internal sealed record NimbleBatch(string Id, bool Completed, int? CompletedCount, IReadOnlyList<NimbleTask> Tasks, DateTimeOffset? CreatedAt);

/// <summary>How far a batch is.</summary>
/// <param name="Id">The batch.</param>
/// <param name="Completed">Whether all its tasks have ended.</param>
/// <param name="CompletedCount">How many have.</param>
/// <param name="Progress">From 0 to 1.</param>
/// <param name="CompletedAt">When the last one ended.</param>
internal sealed record NimbleProgress(string Id, bool Completed, int? CompletedCount, double? Progress, DateTimeOffset? CompletedAt);
