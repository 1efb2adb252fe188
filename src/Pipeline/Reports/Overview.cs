using System.Text.Json.Serialization;
using Pipeline.Model;
using Pipeline.Ports.Reading;

namespace Pipeline.Reports;

/// <summary>The state of everything: what the dashboard's first page and <c>GET /api/status</c> show.</summary>
internal sealed record Overview
{
    /// <summary>When it was counted, UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Where the results come from.</summary>
    public required SourceReport Source { get; init; }

    /// <summary>Whether all is well, in one sentence.</summary>
    public required VerdictReport Verdict { get; init; }

    /// <summary>Lists that are not closed, at most <see cref="OverviewReporter.MaxLists"/>.</summary>
    public required IReadOnlyList<ListProgress> Lists { get; init; }

    /// <summary>Whether there are more open lists.</summary>
    public required bool HasMore { get; init; }

    /// <summary>Where the open inputs are, in the order of the stages.</summary>
    public required IReadOnlyList<FlowStage> Flow { get; init; }

    /// <summary>The outcomes of the latest inputs of open lists.</summary>
    public required OutcomeSample Outcomes { get; init; }

    /// <summary>The outcomes of the lists that were closed in the last day.</summary>
    public required DayOutcomes Day { get; init; }

    /// <summary>
    /// POSTs without a known answer, the oldest first, at most <see cref="OverviewReporter.MaxRows"/>.
    /// </summary>
    public required IReadOnlyList<UnknownSubmission> Unknown { get; init; }

    /// <summary>Budgets and costs.</summary>
    public required MoneyReport Money { get; init; }

    /// <summary>What people did last, the latest first.</summary>
    public required IReadOnlyList<EventReport> Events { get; init; }

    /// <summary>Closed lists, the latest first, at most <see cref="OverviewReporter.MaxRows"/>.</summary>
    public required IReadOnlyList<FinishedList> Finished { get; init; }

    /// <summary>Lists refused in the last seven days, the latest first.</summary>
    public required IReadOnlyList<RefusedListReport> RefusedLists { get; init; }

    /// <summary>Messages that no worker could handle, at most <see cref="OverviewReporter.MaxRows"/> a queue.</summary>
    public required IReadOnlyList<DeadLetter> DeadLetters { get; init; }
}

/// <summary>Something that a person did.</summary>
/// <param name="At">When, UTC.</param>
/// <param name="Kind">What: one of <see cref="EventKinds"/>.</param>
/// <param name="ListId">The list it was done to; null for none.</param>
/// <param name="Source">Where that list was read from.</param>
/// <param name="Who">Who did it, as far as the host knows.</param>
/// <param name="Text">What was done, in a sentence for people.</param>
internal sealed record EventReport(
    DateTimeOffset At, string Kind, string? ListId, string? Source, string Who, string Text);

/// <summary>Where the results come from.</summary>
/// <param name="Api">The API's address, or <c>emulator</c>.</param>
/// <param name="IsEmulator">Whether results come from the emulator.</param>
/// <param name="Version">Version of this program.</param>
/// <param name="Host">Name of the machine that counted.</param>
internal sealed record SourceReport(string Api, bool IsEmulator, string Version, string Host);

/// <summary>The state in one word.</summary>
internal enum VerdictLevel
{
    /// <summary>Nothing to do.</summary>
    Idle,

    /// <summary>All is well.</summary>
    Well,

    /// <summary>Something waits for a time or a person; the rest continues.</summary>
    Waiting,

    /// <summary>Nothing continues until somebody acts.</summary>
    Stuck,
}

/// <summary>Whether all is well.</summary>
/// <param name="Level">The state.</param>
/// <param name="Reason">
/// The word of the cause: a reason of <see cref="WaitReport"/>, <c>paused</c>, <c>disk</c>, <c>restore_unfinished</c>;
/// null if all is well.
/// </param>
/// <param name="Text">One sentence for people.</param>
/// <param name="Since">When it began, UTC; null if unknown.</param>
/// <param name="Until">The next attempt, UTC; null if there is none.</param>
/// <param name="Action">What to do, usually a command that can be pasted.</param>
internal sealed record VerdictReport(
    VerdictLevel Level, string? Reason, string Text, DateTimeOffset? Since, DateTimeOffset? Until, string? Action)
{
    /// <summary>
    /// What else is to be known, in sentences for people, such as that the ledger was restored; null for nothing.
    /// </summary>
    public string? Note { get; init; }
}

/// <summary>A stage in the life of a URL.</summary>
/// <param name="Stage"><c>intake</c>, <c>submit</c>, <c>nimble</c>, <c>collect</c> or <c>closing</c>.</param>
/// <param name="Inputs">Number of inputs there.</param>
/// <param name="OldestSince">When the oldest arrived there, UTC; null if there is none.</param>
internal sealed record FlowStage(string Stage, long Inputs, DateTimeOffset? OldestSince);

/// <summary>A POST without a known answer.</summary>
/// <param name="SubmissionId">The submission.</param>
/// <param name="ListId">Its list.</param>
/// <param name="Inputs">Number of its inputs.</param>
/// <param name="PostedAt">When it was posted, UTC.</param>
/// <param name="Looks">Number of searches in bucket and API.</param>
/// <param name="CallbackAt">When a webhook arrived on its path, UTC; null if none has.</param>
/// <param name="NextLookAt">The next search, UTC.</param>
/// <param name="GivenUpAt">When its inputs end as <c>submission_unknown</c> if nothing is found, UTC.</param>
/// <param name="Message">What is known about its POST.</param>
internal sealed record UnknownSubmission(
    string SubmissionId, string ListId, int Inputs, DateTimeOffset? PostedAt, int Looks, DateTimeOffset? CallbackAt,
    DateTimeOffset? NextLookAt, DateTimeOffset? GivenUpAt, string? Message);

/// <summary>Budgets and costs.</summary>
/// <param name="DayUsed">Number of URLs posted today (UTC); null without a day's budget.</param>
/// <param name="DayLimit">Number of URLs that may be posted a day; null without a budget.</param>
/// <param name="ListLimit">Number of URLs that may be posted for a list; null without a budget.</param>
/// <param name="PricePerUrl">The configured price; null without one.</param>
/// <param name="OpenPosted">Number of inputs of open lists that Nimble accepted, each once.</param>
/// <param name="OpenResubmitted">Number of inputs of open lists that were posted again.</param>
/// <param name="OpenCost">Estimated cost of both, in the price's currency; null without a price.</param>
internal sealed record MoneyReport(
    long? DayUsed, long? DayLimit, long? ListLimit, decimal? PricePerUrl, long OpenPosted, long OpenResubmitted,
    decimal? OpenCost);

/// <summary>A closed list.</summary>
/// <param name="ListId">The list.</param>
/// <param name="Source">Where it was read from.</param>
/// <param name="Inputs">Number of its inputs.</param>
/// <param name="Records">Number of its records; null without a manifest.</param>
/// <param name="Failures">Number of its failures; null without a manifest.</param>
/// <param name="FailuresByReason">Its failures by reason.</param>
/// <param name="ByHttpClass">Its records by class: <c>2xx</c> to <c>5xx</c>, <c>none</c>.</param>
/// <param name="DiscoveredBy">Its inputs by what reported their results.</param>
/// <param name="Series">The series that it is a run of; null for none.</param>
/// <param name="Changes">How it compares with earlier runs; null without a series or a manifest.</param>
/// <param name="EstimatedCost">Its estimated cost; null without a price.</param>
/// <param name="IsCancelled">Whether an operator cancelled it.</param>
/// <param name="CreatedAt">When it was accepted, UTC.</param>
/// <param name="ClosedAt">When it was closed, UTC.</param>
internal sealed record FinishedList(
    string ListId, string? Source, long Inputs, long? Records, long? Failures,
    IReadOnlyDictionary<string, long> FailuresByReason, IReadOnlyDictionary<string, long> ByHttpClass,
    IReadOnlyDictionary<string, long> DiscoveredBy, string? Series, ManifestChanges? Changes, decimal? EstimatedCost,
    bool IsCancelled, DateTimeOffset CreatedAt, DateTimeOffset? ClosedAt)
{
    /// <summary>Some of its submissions with failures, for examples.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Failed { get; init; } = [];

    /// <summary>The first files or objects with its records.</summary>
    [JsonIgnore]
    public IReadOnlyList<RecordLocation> Files { get; init; } = [];

    /// <summary>Number of all its files or objects with records.</summary>
    [JsonIgnore]
    public int FileCount { get; init; }
}

/// <summary>The outcomes of the lists closed in the last day, from their manifests.</summary>
/// <param name="Lists">Number of these lists, the latest ones, at most <see cref="FinishedLists.MaxOfDay"/>.</param>
/// <param name="HasMore">Whether more were closed.</param>
/// <param name="ByHttpClass">Number of their records by class: <c>2xx</c> to <c>5xx</c>, <c>none</c>.</param>
/// <param name="DiscoveredBy">Number of their inputs by what reported their results.</param>
/// <param name="FailuresByReason">Number of their failures by reason.</param>
/// <param name="Failures">
/// Failures by reason and domain, from the last submissions that have any, because a manifest does not count domains.
/// </param>
internal sealed record DayOutcomes(
    int Lists, bool HasMore, IReadOnlyDictionary<string, long> ByHttpClass,
    IReadOnlyDictionary<string, long> DiscoveredBy, IReadOnlyDictionary<string, long> FailuresByReason,
    IReadOnlyList<FailureGroup> Failures);
