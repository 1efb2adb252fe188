using Pipeline.Emulator.Faults;

namespace Pipeline.Emulator.Store;

/// <summary>How far a task has come. How it is called outside is <see cref="Api.TaskStates"/>' business.</summary>
internal enum TaskState
{
    Pending,
    Success,
    Error,
}

/// <summary>What is to be done for a task.</summary>
internal enum JobKind
{
    /// <summary>Fetch the page, make the result, deliver it.</summary>
    Extract,

    /// <summary>Deliver the object that was held back.</summary>
    Deliver,

    /// <summary>Replace a damaged object by a good one.</summary>
    Heal,

    /// <summary>Call the webhook.</summary>
    Call,
}

/// <summary>An accepted POST: a batch, or a single task of the same id.</summary>
internal sealed record PostRow(long Seq, string Id, bool IsBatch, int Inputs, DeliveryRequest Delivery, string Answered, DateTimeOffset CreatedAt);

/// <summary>A task.</summary>
internal sealed record TaskRow
{
    public required long Seq { get; init; }

    public required string Id { get; init; }

    /// <summary>The batch; null for a single task.</summary>
    public string? BatchId { get; init; }

    /// <summary>The effective extraction fields, a JSON object with at least <c>url</c>.</summary>
    public required string Input { get; init; }

    public required DeliveryRequest Delivery { get; init; }

    public required TaskFaults Faults { get; init; }

    public required TaskState State { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public int? StatusCode { get; init; }

    public string? Error { get; init; }

    public string? ErrorType { get; init; }

    /// <summary>The address of its object, once it was to be written.</summary>
    public string? OutputUrl { get; init; }
}

/// <summary>Something to do for a task, not before <paramref name="DueAt"/>.</summary>
internal sealed record Job(long Seq, JobKind Kind, DateTimeOffset DueAt, int Attempt, TaskRow Task);

/// <summary>A job that follows another.</summary>
internal sealed record NextJob(JobKind Kind, DateTimeOffset DueAt, int Attempt = 1);

/// <summary>How many tasks of a batch have ended, and when the last one did.</summary>
internal sealed record Progress(int Completed, DateTimeOffset? LastFinishedAt);
