using System.Text.Json.Serialization;
using Pipeline.Json;
using Pipeline.Model;

namespace Pipeline.Reports;

/// <summary>The status of one list.</summary>
internal sealed record ListReport
{
    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>The state.</summary>
    public required ListState State { get; init; }

    /// <summary>
    /// The state in one word for people: <c>paused</c> and <c>cancelling</c> besides the names of states.
    /// </summary>
    public required string Word { get; init; }

    /// <summary>Where the list was read from.</summary>
    public string? Source { get; init; }

    /// <summary>Number of valid inputs and invalid lines planned so far; final after planning.</summary>
    public required long Inputs { get; init; }

    /// <summary>Number of duplicates dropped.</summary>
    public required long Duplicates { get; init; }

    /// <summary>The series that the list is a run of; null if there is none.</summary>
    public string? Series { get; init; }

    /// <summary>Number of inputs left out because the series has a record of them; null without a series.</summary>
    public long? LeftOut { get; init; }

    /// <summary>How much of the list the series has, for people; null if nothing.</summary>
    public string? Known { get; init; }

    /// <summary>Number of inputs in submissions that Nimble accepted; each counts once.</summary>
    public required long Posted { get; init; }

    /// <summary>Current number of inputs with a record, including open submissions.</summary>
    public required long Records { get; init; }

    /// <summary>Current number of inputs with a failure, including open submissions.</summary>
    public required long Failures { get; init; }

    /// <summary>Number of submissions by state.</summary>
    public required IReadOnlyDictionary<string, int> Submissions { get; init; }

    /// <summary>
    /// Number of planned submissions on hold, by cause: <c>canary</c>, <c>daily_budget</c>, <c>nimble_budget</c>,
    /// <c>api_key</c>, <c>deliveries</c>.
    /// </summary>
    public required IReadOnlyDictionary<string, int> Waiting { get; init; }

    /// <summary>
    /// Causes for which work is postponed; at most <see cref="WaitReports.Max"/>, those with the most inputs first.
    /// </summary>
    public required IReadOnlyList<WaitReport> Waits { get; init; }

    /// <summary>Number of URLs posted for the list, including every retry; null without a budget.</summary>
    public long? BudgetUsed { get; init; }

    /// <summary>Number of URLs that may be posted for the list; null without a budget.</summary>
    public long? BudgetUrls { get; init; }

    /// <summary>Time at which Sweep checks the next submission of the list, UTC.</summary>
    public DateTimeOffset? NextLookAt { get; init; }

    /// <summary>A problem that stops all work, such as a full disk; null if there is none.</summary>
    public string? Problem { get; init; }

    /// <summary>Time at which the list was accepted, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Why the list was refused; null if it was not.</summary>
    public string? Message { get; init; }

    /// <summary>Time at which the manifest was published or the list was refused, UTC.</summary>
    public DateTimeOffset? ClosedAt { get; init; }
}

/// <summary>A cause for which work is postponed.</summary>
/// <param name="For">
/// What waits: <c>post</c> (submissions that are not posted), <c>evidence</c> (POSTs without a known answer),
/// <c>results</c> (unreadable results), <c>look</c> (Sweep's next check), <c>manifest</c> (closing the list).
/// </param>
/// <param name="Reason">
/// A <see cref="HoldReason"/>, one of <see cref="FailureReasons"/>, or a reason of <see cref="WaitReports"/>.
/// </param>
/// <param name="Message">Message for people: what is wrong, where, and what to do.</param>
/// <param name="Submissions">Number of submissions that wait.</param>
/// <param name="Inputs">Number of their inputs without an outcome.</param>
/// <param name="Since">Earliest start of the wait, UTC.</param>
/// <param name="Until">Earliest next attempt, UTC; null if something else ends the wait.</param>
internal sealed record WaitReport(
    string For, string Reason, string Message, int Submissions, long Inputs, DateTimeOffset? Since,
    DateTimeOffset? Until)
{
    /// <summary>Describes the wait in one line for people.</summary>
    public string Describe()
    {
        var who = For switch
        {
            "post" => $"{Amount.Of(Inputs, "input waits", "inputs wait")} to be posted",
            "evidence" =>
                $"{Amount.Of(Inputs, "input waits", "inputs wait")} for an answer to "
                    + $"{(Inputs == 1 ? "its" : "their")} POST",
            "results" => $"results of {Of()} wait",
            "manifest" => "the list waits to be closed",
            _ => $"{Of()} {(Submissions == 1 ? "waits" : "wait")} for the next check",
        };
        var since = Since is { } start ? Text($" since {start.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC") : "";
        // The message comes last: it may end with a command, and what follows would seem to be part of that.
        var until = Until is { } next ? Text($", next attempt {next.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC") : "";
        return $"{who}{since}{until} ({Reason}): {Message}";

        string Of() => $"{Amount.Of(Submissions, "submission")} ({Amount.Of(Inputs, "input")})";

        static string Text(FormattableString text) => FormattableString.Invariant(text);
    }
}

/// <summary>The status of all lists.</summary>
/// <param name="OpenLists">Ids of lists that are not closed, at most <see cref="StatusReporter.MaxLists"/>.</param>
/// <param name="HasMore">Whether there are more open lists.</param>
/// <param name="SubmissionPausedUntil">
/// Time at which this instance posts again; null if submission is not paused.
/// </param>
/// <param name="SubmissionPauseReason">Why submission is paused.</param>
/// <param name="DayBudgetUsed">Number of URLs posted today (UTC); null without a budget.</param>
/// <param name="DayBudgetUrls">Number of URLs that may be posted per day; null without a budget.</param>
/// <param name="RefusedLists">
/// Lists refused in the last seven days, the latest first, at most <see cref="StatusReporter.MaxLists"/>.
/// </param>
internal sealed record OpenListsReport(
    IReadOnlyList<string> OpenLists,
    bool HasMore,
    DateTimeOffset? SubmissionPausedUntil,
    string? SubmissionPauseReason,
    long? DayBudgetUsed,
    long? DayBudgetUrls,
    IReadOnlyList<RefusedListReport> RefusedLists);

/// <summary>A list that was refused.</summary>
/// <param name="ListId">Its id; the hash of its message if it has none.</param>
/// <param name="Source">Where it was read from.</param>
/// <param name="Message">Why it was refused.</param>
/// <param name="RefusedAt">Time of the refusal, UTC.</param>
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
