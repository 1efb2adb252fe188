using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Emulator.Api.Description;

/// <summary>A task. In a batch's answer to a POST at <c>/v1</c> it has only id, state and batch.</summary>
internal sealed class TaskFields
{
    public required string Id { get; init; }

    [Description("pending, in_progress (only in a batch), success or error.")]
    public required string State { get; init; }

    public string? StatusUrl { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public DateTimeOffset? ModifiedAt { get; init; }

    [Description("The effective fields of its input.")]
    public JsonElement? Input { get; init; }

    [JsonPropertyName("_query")]
    [Description("The same with the delivery fields.")]
    public JsonElement? Query { get; init; }

    public string? ApiType { get; init; }

    public string? BatchId { get; init; }

    [Description("The HTTP status of the page.")]
    public int? StatusCode { get; init; }

    [Description("The object in the bucket.")]
    public string? OutputUrl { get; init; }

    public string? DownloadUrl { get; init; }

    public string? Error { get; init; }

    public string? ErrorType { get; init; }
}

/// <summary>A single task.</summary>
internal sealed class TaskReply
{
    [Description("Not in answers to GET at /v1.")]
    public string? Status { get; init; }

    public required TaskFields Task { get; init; }
}

/// <summary>An accepted batch. The order of its tasks is not that of its inputs.</summary>
internal sealed class BatchAccepted
{
    public required string BatchId { get; init; }

    public required int BatchSize { get; init; }

    public required TaskFields[] Tasks { get; init; }

    [Description("Inputs that were rejected; only with the fault post_partial.")]
    public RejectedInput[]? Errors { get; init; }
}

/// <summary>A rejected input of a batch.</summary>
internal sealed class RejectedInput
{
    public required int Index { get; init; }

    public required JsonElement Input { get; init; }

    public required string Message { get; init; }
}

/// <summary>How much of a batch is done.</summary>
internal class BatchProgress
{
    [Description("At /v2 only.")]
    public string? Status { get; init; }

    public required string Id { get; init; }

    public required bool Completed { get; init; }

    public required int CompletedCount { get; init; }

    [Description("From 0 to 1.")]
    public required double Progress { get; init; }

    public required DateTimeOffset? CompletedAt { get; init; }
}

/// <summary>A batch with its tasks.</summary>
internal sealed class BatchDetails : BatchProgress
{
    public required DateTimeOffset CreatedAt { get; init; }

    public required int BatchSize { get; init; }

    [Description("Entries may be null with the fault null_tasks.")]
    public required TaskFields?[] Tasks { get; init; }
}

/// <summary>A batch in a list, with the ids of its tasks.</summary>
internal sealed class BatchLine : BatchProgress
{
    public required DateTimeOffset CreatedAt { get; init; }

    public required string[] Tasks { get; init; }
}

/// <summary>A page of batches.</summary>
internal sealed class BatchPage
{
    public required BatchLine[] Data { get; init; }

    public required Pagination Pagination { get; init; }
}

/// <summary>A page of tasks.</summary>
internal sealed class TaskPage
{
    public required TaskFields[] Data { get; init; }

    public required Pagination Pagination { get; init; }
}

/// <summary>Where the next page is.</summary>
internal sealed class Pagination
{
    public required bool HasNext { get; init; }

    public required string? NextCursor { get; init; }

    public required long Total { get; init; }
}

/// <summary>The result of a task, at the API and in the bucket.</summary>
internal sealed class TaskResult
{
    public required string Url { get; init; }

    public required string TaskId { get; init; }

    [Description("success; with the fault result_status another word.")]
    public required string Status { get; init; }

    [Description("The formats that were asked for.")]
    public required JsonElement Data { get; init; }

    public required ResultMetadata Metadata { get; init; }

    [Description("The HTTP status of the page.")]
    public required int StatusCode { get; init; }
}

/// <summary>How a page was fetched.</summary>
internal sealed class ResultMetadata
{
    public required DateTimeOffset QueryTime { get; init; }

    [Description("Milliseconds.")]
    public required long QueryDuration { get; init; }

    public required string Driver { get; init; }

    public string? Country { get; init; }

    public string? Locale { get; init; }

    public string? Tag { get; init; }
}

/// <summary>An error.</summary>
internal class Failed
{
    public required string Status { get; init; }

    public required string Msg { get; init; }
}

/// <summary>A request that is not valid.</summary>
internal sealed class Invalid : Failed
{
    [Description("Not with the fault refusal_details=none.")]
    public string? Error { get; init; }

    public ErrorDetails? Details { get; init; }
}

/// <summary>What is wrong with a request.</summary>
internal sealed class ErrorDetails
{
    public required string[] SchemaValidationErrors { get; init; }
}

/// <summary>An error inside the API. After a POST it does not say whether anything was accepted.</summary>
internal sealed class Broken
{
    [Description("The text false.")]
    public required string Success { get; init; }

    public required string? TaskId { get; init; }

    public required string Message { get; init; }
}
