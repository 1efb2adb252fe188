using Pipeline.Ledger;

namespace Pipeline.Emit;

/// <summary>What the pipeline itself knows of a result, as opposed to what the result document says.</summary>
internal sealed record RecordContext
{
    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>The submission.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>Nimble's batch, where there is one.</summary>
    public string? BatchId { get; init; }

    /// <summary>Nimble's task.</summary>
    public required string TaskId { get; init; }

    /// <summary>The input that the result answers.</summary>
    public required InputEntry Input { get; init; }

    /// <summary>The extraction defaults of the list, a JSON object.</summary>
    public required string SharedInputs { get; init; }

    /// <summary>Where the result was read from.</summary>
    public required string SourceUri { get; init; }

    /// <summary>The version that was read, where the store tells it.</summary>
    public string? SourceETag { get; init; }

    /// <summary>When the submission was posted.</summary>
    public DateTimeOffset? RequestedAt { get; init; }

    /// <summary>When the result was read.</summary>
    public required DateTimeOffset CollectedAt { get; init; }
}
