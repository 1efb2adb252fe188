using System.Text.Json;
using Pipeline.Model;

namespace Pipeline.Nimble.Replies;

/// <summary>A task as the API describes it. Only the id is always present.</summary>
internal sealed record NimbleTask
{
    /// <summary>The id, well-formed (<see cref="TaskIds"/>).</summary>
    public required string Id { get; init; }

    /// <summary>The state as given; <see cref="TaskStates.Classify"/> interprets it.</summary>
    public string? State { get; init; }

    /// <summary>The id of its batch, well-formed.</summary>
    public string? BatchId { get; init; }

    /// <summary>The input it echoes (<c>input</c>, else <c>_query</c>), an object with at least one member.</summary>
    public JsonElement? Input { get; init; }

    /// <summary>The HTTP status of the page.</summary>
    public int? StatusCode { get; init; }

    /// <summary>The error message.</summary>
    public string? Error { get; init; }

    /// <summary>The type of the error.</summary>
    public string? ErrorType { get; init; }

    /// <summary>Address at which Nimble offers the result. Never dereferenced.</summary>
    public string? DownloadUrl { get; init; }

    /// <summary>Address at which Nimble says it wrote the result. Never dereferenced.</summary>
    public string? OutputUrl { get; init; }

    /// <summary>
    /// The addresses that Nimble was told to deliver to, as the task, its <c>input</c> and its <c>_query</c> repeat
    /// them: callback and storage. Never dereferenced.
    /// </summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Time at which Nimble accepted it.</summary>
    public DateTimeOffset? CreatedAt { get; init; }
}

/// <summary>A batch as the API describes it.</summary>
/// <param name="Id">The id, well-formed.</param>
/// <param name="Completed">Whether all its tasks have ended.</param>
/// <param name="CompletedCount">Number of tasks that have ended.</param>
/// <param name="Tasks">Its tasks; in a list of batches, possibly only their ids.</param>
/// <param name="CreatedAt">Time at which Nimble accepted it.</param>
internal sealed record NimbleBatch(
    string Id, bool Completed, int? CompletedCount, IReadOnlyList<NimbleTask> Tasks, DateTimeOffset? CreatedAt);

/// <summary>The progress of a batch.</summary>
/// <param name="Id">The batch.</param>
/// <param name="Completed">Whether all its tasks have ended.</param>
/// <param name="CompletedCount">Number of tasks that have ended.</param>
/// <param name="Progress">Progress from 0 to 1.</param>
/// <param name="CompletedAt">Time at which the last task ended.</param>
internal sealed record NimbleProgress(
    string Id, bool Completed, int? CompletedCount, double? Progress, DateTimeOffset? CompletedAt);
