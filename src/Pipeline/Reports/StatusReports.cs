using System.Text.Json.Serialization;
using Pipeline.Hosting;
using Pipeline.Json;
using Pipeline.Model;

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

    /// <summary>Valid inputs and bad lines planned so far; final once the list is past planning.</summary>
    public required long Inputs { get; init; }

    /// <summary>Duplicates dropped before.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Inputs in submissions that Nimble accepted, each once.</summary>
    public required long Posted { get; init; }

    /// <summary>Inputs with a record now, open submissions included.</summary>
    public required long Records { get; init; }

    /// <summary>Inputs with a failure now, open submissions included.</summary>
    public required long Failures { get; init; }

    /// <summary>How many submissions are in each state.</summary>
    public required IReadOnlyDictionary<string, int> Submissions { get; init; }

    /// <summary>Planned submissions that wait for something other than their turn, by what that is: <c>canary</c>, <c>daily_budget</c>, <c>nimble_budget</c>, <c>api_key</c>.</summary>
    public required IReadOnlyDictionary<string, int> Waiting { get; init; }

    /// <summary>What work is put off for, since when and until when; at most <see cref="WaitReports.Max"/>, the most inputs first.</summary>
    public required IReadOnlyList<WaitReport> Waits { get; init; }

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

/// <summary>One cause for which work is put off.</summary>
/// <param name="For">
/// What waits: <c>post</c> (a submission that is not posted), <c>evidence</c> (a POST without a known answer), <c>results</c> (results that
/// cannot be read), <c>look</c> (Sweep's next look), <c>manifest</c> (the list's closing).
/// </param>
/// <param name="Reason">A <see cref="HoldReason"/>, or a word of <see cref="FailureReasons"/>.</param>
/// <param name="Message">For people: what is wrong, where, and what to do.</param>
/// <param name="Submissions">How many submissions wait for it.</param>
/// <param name="Inputs">How many of their inputs have no outcome.</param>
/// <param name="Since">Since when, the earliest.</param>
/// <param name="Until">When it is tried again, the earliest; null where something else ends it.</param>
internal sealed record WaitReport(
    string For, string Reason, string Message, int Submissions, long Inputs, DateTimeOffset? Since, DateTimeOffset? Until)
{
    /// <summary>One line for people.</summary>
    public string Describe()
    {
        var who = For switch
        {
            "post" => $"{Amount.Of(Inputs, "input waits", "inputs wait")} to be posted",
            "evidence" => $"{Amount.Of(Inputs, "input waits", "inputs wait")} for an answer to {(Inputs == 1 ? "its" : "their")} POST",
            "results" => $"results of {Of()} wait",
            "manifest" => "the list waits to be closed",
            _ => $"{Of()} {(Submissions == 1 ? "waits" : "wait")} for the next look",
        };
        var since = Since is { } start ? Text($" since {start.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC") : "";
        var until = Until is { } next ? Text($" Next try {next.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC.") : "";
        return $"{who}{since} ({Reason}): {Message}{until}";

        string Of() => $"{Amount.Of(Submissions, "submission")} ({Amount.Of(Inputs, "input")})";

        static string Text(FormattableString text) => FormattableString.Invariant(text);
    }
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
    UseStringEnumConverter = true,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(ListReport))]
[JsonSerializable(typeof(List<ListReport>))]
[JsonSerializable(typeof(OpenListsReport))]
internal sealed partial class StatusJson : JsonSerializerContext;
