using System.Text.Json.Serialization;
using Pipeline.Ledger;

namespace Pipeline.Reports;

/// <summary>What a status says of one list.</summary>
internal sealed record ListReport
{
    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>How far it has come.</summary>
    public required ListState State { get; init; }

    /// <summary>What it was read from.</summary>
    public string? Source { get; init; }

    /// <summary>Valid inputs and bad lines; final once the list is past planning.</summary>
    public required long Inputs { get; init; }

    /// <summary>Duplicates dropped before.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Records of closed submissions.</summary>
    public required long Records { get; init; }

    /// <summary>Failures of closed submissions.</summary>
    public required long Failures { get; init; }

    /// <summary>How many submissions are in each state.</summary>
    public required IReadOnlyDictionary<string, int> Submissions { get; init; }

    /// <summary>When Sweep looks at its next submission.</summary>
    public DateTimeOffset? NextLookAt { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its manifest was published.</summary>
    public DateTimeOffset? ClosedAt { get; init; }
}

/// <summary>What a status says of all lists.</summary>
/// <param name="OpenLists">Ids of lists that are not closed, at most <see cref="StatusReporter.MaxLists"/>.</param>
/// <param name="HasMore">Whether there are more of them.</param>
/// <param name="SubmissionPausedUntil">When this instance posts again, if Nimble has refused all submission.</param>
/// <param name="SubmissionPauseReason">What Nimble said.</param>
internal sealed record OpenListsReport(
    IReadOnlyList<string> OpenLists, bool HasMore, DateTimeOffset? SubmissionPausedUntil, string? SubmissionPauseReason);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DictionaryKeyPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(ListReport))]
[JsonSerializable(typeof(List<ListReport>))]
[JsonSerializable(typeof(OpenListsReport))]
internal sealed partial class StatusJson : JsonSerializerContext;
