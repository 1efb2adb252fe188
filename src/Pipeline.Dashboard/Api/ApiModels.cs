using Pipeline.Ports.Reading;
using Pipeline.Reports;

namespace Pipeline.Dashboard.Api;

/// <summary>How everything stands, and the members that <c>/api/status</c> has always had.</summary>
internal sealed record StatusAnswer(
    DateTimeOffset At,
    SourceReport Source,
    VerdictReport Verdict,
    IReadOnlyList<ListProgress> Lists,
    IReadOnlyList<FlowStage> Flow,
    OutcomeSample Outcomes,
    DayOutcomes Day,
    IReadOnlyList<UnknownSubmission> Unknown,
    MoneyReport Money,
    IReadOnlyList<EventReport> Events,
    IReadOnlyList<FinishedList> Finished,
    IReadOnlyList<DeadLetter> DeadLetters,
    IReadOnlyList<string> OpenLists,
    bool HasMore,
    DateTimeOffset? SubmissionPausedUntil,
    string? SubmissionPauseReason,
    long? DayBudgetUsed,
    long? DayBudgetUrls,
    IReadOnlyList<RefusedListReport> RefusedLists);

/// <summary>A page of lists.</summary>
/// <param name="Lists">The lists: open ones by id, then closed ones, the latest first.</param>
/// <param name="Next">The <c>cursor</c> of the next page; absent on the last.</param>
internal sealed record ListPage(IReadOnlyList<ListSummary> Lists, string? Next);

/// <summary>A list.</summary>
/// <param name="ListId">Its id.</param>
/// <param name="State">
/// <c>planning</c>, <c>open</c>, <c>paused</c>, <c>cancelling</c>, <c>closed</c>, <c>cancelled</c> or <c>refused</c>.
/// </param>
/// <param name="Source">Where it was read from.</param>
/// <param name="Inputs">Number of its inputs.</param>
/// <param name="Records">Number of its records so far.</param>
/// <param name="Failures">Number of its failures so far.</param>
/// <param name="CreatedAt">When it was accepted.</param>
/// <param name="ClosedAt">When it was closed.</param>
internal sealed record ListSummary(
    string ListId, string State, string? Source, long Inputs, long? Records, long? Failures,
    DateTimeOffset CreatedAt, DateTimeOffset? ClosedAt);

/// <summary>A list that was sent.</summary>
/// <param name="ListId">Its id.</param>
/// <param name="Inputs">
/// Number of its lines or items, duplicates included; absent for a repeated request, and for a list that was sent
/// before.
/// </param>
/// <param name="Invalid">Number of those that are no valid input.</param>
internal sealed record SubmittedList(string ListId, long? Inputs, long? Invalid);

/// <summary>The state of a list after it was steered.</summary>
/// <param name="ListId">The list.</param>
/// <param name="State">Its state in one word.</param>
internal sealed record SteeredList(string ListId, string State);

/// <summary>Which failures to replay.</summary>
/// <param name="Resubmit">Whether to post inputs again whose results are not found. Each may be billed.</param>
/// <param name="Ids">Ids of failures; absent for all.</param>
/// <param name="Reasons">Reasons of failures; absent for all.</param>
internal sealed record ReplayRequest(bool Resubmit, IReadOnlyList<string>? Ids, IReadOnlyList<string>? Reasons);

/// <summary>What a replay did.</summary>
/// <param name="Resubmitted">Number of inputs posted again.</param>
/// <param name="Recollected">Number of results read again.</param>
/// <param name="Found">Number of inputs of unknown submissions that were found accepted.</param>
/// <param name="Left">Number of inputs that can only be posted again.</param>
/// <param name="Undone">Number of inputs that could not be replayed now; the same request goes on.</param>
/// <param name="Problem">Why.</param>
internal sealed record ReplayAnswer(
    int Resubmitted, int Recollected, int Found, int Left, int Undone, string? Problem);

/// <summary>An input without an outcome.</summary>
/// <param name="Id">The id that its record will have.</param>
/// <param name="Url">Its URL.</param>
/// <param name="Line">Its position in the list, from 1.</param>
/// <param name="SubmissionId">Its submission.</param>
internal sealed record PendingInput(string Id, string Url, long Line, string SubmissionId);

/// <summary>All schedules.</summary>
/// <param name="Schedules">The schedules, by name.</param>
internal sealed record SchedulesAnswer(IReadOnlyList<ScheduleAnswer> Schedules);

/// <summary>A list that is submitted again and again.</summary>
/// <param name="Name">Its name; the ids of its lists begin with it.</param>
/// <param name="Cron">Minute, hour, day of month, month, day of week.</param>
/// <param name="TimeZone">The time zone in which they are meant.</param>
/// <param name="Overlap">What happens to a run while the list before is open: <c>skip</c> or <c>allow</c>.</param>
/// <param name="Paused">Whether it submits nothing until it is resumed.</param>
/// <param name="ListName">The name of its list, for people.</param>
/// <param name="Series">The series of which each run is one.</param>
/// <param name="NextAt">The next run; absent if it is paused or has none.</param>
/// <param name="LastAt">When the last run was due.</param>
/// <param name="LastListId">The list of the last run.</param>
/// <param name="WasSkipped">Whether the last run was left out because the list before was open.</param>
internal sealed record ScheduleAnswer(
    string Name, string Cron, string TimeZone, string Overlap, bool Paused, string ListName, string? Series,
    DateTimeOffset? NextAt, DateTimeOffset? LastAt, string? LastListId, bool WasSkipped);

/// <summary>Whether the process works.</summary>
/// <param name="Status"><c>ok</c>, or what is wrong.</param>
internal sealed record HealthAnswer(string Status);
