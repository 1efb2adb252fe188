using Pipeline.Emulator.Faults;

namespace Pipeline.Emulator.Store;

/// <summary>
/// The stored state of a task. <see cref="Api.Tasks.TaskStateNames"/> has the names that the API shows.
/// </summary>
internal enum TaskState
{
    Pending,
    Success,
    Error,
}

/// <summary>A kind of work for a task.</summary>
internal enum JobKind
{
    /// <summary>Fetch the page, create the result and deliver it.</summary>
    Extract,

    /// <summary>Deliver an object that a fault delayed.</summary>
    Deliver,

    /// <summary>Replace a damaged object with a good one.</summary>
    Heal,

    /// <summary>Call the webhook.</summary>
    Call,
}

/// <summary>An accepted POST: a batch, or a single task with the same id.</summary>
internal sealed record PostRow(
    long Seq, string Id, bool IsBatch, int Inputs, DeliveryRequest Delivery, string Answered, DateTimeOffset CreatedAt);

/// <summary>A task.</summary>
internal sealed record TaskRow
{
    public required long Seq { get; init; }

    public required string Id { get; init; }

    /// <summary>The batch that the task belongs to; null for a single task.</summary>
    public string? BatchId { get; init; }

    /// <summary>The effective extraction fields: a JSON object with at least <c>url</c>.</summary>
    public required string Input { get; init; }

    public required DeliveryRequest Delivery { get; init; }

    public required TaskFaults Faults { get; init; }

    public required TaskState State { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public int? StatusCode { get; init; }

    public string? Error { get; init; }

    public string? ErrorType { get; init; }

    /// <summary>The URI of the task's object; null until the task succeeds, and without delivery.</summary>
    public string? OutputUrl { get; init; }
}

/// <summary>Work for a task that starts at <paramref name="DueAt"/> or later.</summary>
internal sealed record Job(long Seq, JobKind Kind, DateTimeOffset DueAt, int Attempt, TaskRow Task);

/// <summary>A job that another one creates when it ends.</summary>
internal sealed record NextJob(JobKind Kind, DateTimeOffset DueAt, int Attempt = 1);

/// <summary>Counts of all work since the folder was created.</summary>
/// <param name="Pending">Tasks that have not ended.</param>
/// <param name="Success">Tasks that succeeded.</param>
/// <param name="Error">Tasks that failed.</param>
/// <param name="Batches">Accepted batches.</param>
/// <param name="Objects">Objects written.</param>
/// <param name="Calls">Attempted webhook calls.</param>
/// <param name="CallsTaken">Webhook calls answered with 2xx.</param>
internal sealed record TaskTotals(
    long Pending, long Success, long Error, long Batches, long Objects, long Calls, long CallsTaken);

/// <summary>How many tasks of a batch have ended, and when the last one ended; null while some are open.</summary>
internal sealed record Progress(int Completed, DateTimeOffset? LastFinishedAt);
