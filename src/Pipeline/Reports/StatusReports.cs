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

    /// <summary>Planned submissions that wait for something other than their turn, by what that is: <c>canary</c>, <c>daily_budget</c>, <c>nimble_budget</c>, <c>api_key</c>.</summary>
    public required IReadOnlyDictionary<string, int> Waiting { get; init; }

    /// <summary>URLs posted for the list, each retry counted; null without a budget.</summary>
    public long? BudgetUsed { get; init; }

    /// <summary>URLs that may be posted for the list; null without a budget.</summary>
    public long? BudgetUrls { get; init; }

    /// <summary>When Sweep looks at its next submission.</summary>
    public DateTimeOffset? NextLookAt { get; init; }

    /// <summary>What keeps the work from going on, such as a full disk; null where nothing does.</summary>
    public string? Problem { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Why it was refused; null for any other list.</summary>
    public string? Message { get; init; }

    /// <summary>When its manifest was published, or when it was refused.</summary>
    public DateTimeOffset? ClosedAt { get; init; }
}

/// <summary>What a status says of all lists.</summary>
/// <param name="OpenLists">Ids of lists that are not closed, at most <see cref="StatusReporter.MaxLists"/>.</param>
/// <param name="HasMore">Whether there are more of them.</param>
/// <param name="SubmissionPausedUntil">When this instance posts again, if Nimble has refused all submission.</param>
/// <param name="SubmissionPauseReason">What Nimble said, or which budget is used up.</param>
/// <param name="DayBudgetUsed">URLs posted today, UTC; null without a budget.</param>
/// <param name="DayBudgetUrls">URLs that may be; null without a budget.</param>
/// <param name="RefusedLists">Lists that were refused in the last seven days, the latest first, at most <see cref="StatusReporter.MaxLists"/>.</param>
internal sealed record OpenListsReport(
    IReadOnlyList<string> OpenLists,
    bool HasMore,
    DateTimeOffset? SubmissionPausedUntil,
    string? SubmissionPauseReason,
    long? DayBudgetUsed,
    long? DayBudgetUrls,
    IReadOnlyList<RefusedListReport> RefusedLists);

/// <summary>A list that could not be taken in.</summary>
/// <param name="ListId">Its id, or where it has none the hash of its message.</param>
/// <param name="Source">What it was read from.</param>
/// <param name="Message">Why.</param>
/// <param name="RefusedAt">When.</param>
internal sealed record RefusedListReport(string ListId, string? Source, string? Message, DateTimeOffset? RefusedAt);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DictionaryKeyPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(ListReport))]
[JsonSerializable(typeof(List<ListReport>))]
[JsonSerializable(typeof(OpenListsReport))]
internal sealed partial class StatusJson : JsonSerializerContext;
