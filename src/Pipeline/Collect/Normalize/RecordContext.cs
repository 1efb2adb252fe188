using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Collect.Normalize;

/// <summary>What the pipeline itself knows about a result, as opposed to what the result document says.</summary>
internal sealed record RecordContext
{
    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>The submission.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>Nimble's batch id; null if there is none.</summary>
    public string? BatchId { get; init; }

    /// <summary>Nimble's task id.</summary>
    public required string TaskId { get; init; }

    /// <summary>The input that the result belongs to.</summary>
    public required InputEntry Input { get; init; }

    /// <summary>The list's <c>shared_inputs</c>, a JSON object.</summary>
    public required string SharedInputs { get; init; }

    /// <summary>Address that the result was read from.</summary>
    public required string SourceUri { get; init; }

    /// <summary>Version of the object that was read; null if the store has no versions.</summary>
    public string? SourceETag { get; init; }

    /// <summary>The series of the list; null if there is none.</summary>
    public string? Series { get; init; }

    /// <summary>What decides whether the record changed; unused without a series.</summary>
    public SeriesCompare Compare { get; init; }

    /// <summary>Time of the submission's POST, UTC.</summary>
    public DateTimeOffset? RequestedAt { get; init; }

    /// <summary>Time at which the result was read, UTC.</summary>
    public required DateTimeOffset CollectedAt { get; init; }
}
