using System.Globalization;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// Partition and row keys of the ledger. A submission's partition is named by its id and holds the submission, its
/// inputs and its tasks. A list's partition, <c>list.{id}</c>, holds the list and a row for each of its submissions;
/// submission ids have no dot. A series' partition, <c>series.{name}</c>, holds its entries and runs. The index table
/// has a partition <c>due</c>, ordered by time, and partitions of lists.
/// </summary>
internal static class LedgerKeys
{
    /// <summary>Row key of a submission.</summary>
    public const string Submission = "s";

    /// <summary>Row key of a list.</summary>
    public const string List = "list";

    /// <summary>In a list's partition: row key of the message that brought the list.</summary>
    public const string Origin = "origin";

    public const string InputPrefix = "i";

    public const string TaskPrefix = "t";

    /// <summary>Prefix of the rows that count the inputs of a submission by state.</summary>
    public const string CounterPrefix = "c";

    /// <summary>Row key of the counts of a new submission.</summary>
    public const string CreatedCounter = "c";

    /// <summary>In a series' partition: prefix of its entries.</summary>
    public const string SeriesPrefix = "k";

    /// <summary>In a series' partition: prefix of its runs.</summary>
    public const string RunPrefix = "r";

    /// <summary>In a list's partition: prefix of the decisions about blocks of inputs of a run of a series.</summary>
    public const string PinPrefix = "p";

    /// <summary>In a list's partition: prefix of the rows that name its submissions.</summary>
    public const string MemberPrefix = "s";

    /// <summary>In a list's row of a submission: the filter of its inputs' URLs and ids.</summary>
    public const string Filter = "Filter";

    /// <summary>Index partition of the submissions that Sweep must check.</summary>
    public const string DuePartition = "due";

    /// <summary>Index partition of the lists that are not closed.</summary>
    public const string OpenListsPartition = "lists";

    /// <summary>Index partition of the refused lists.</summary>
    public const string RefusedListsPartition = "refused";

    /// <summary>Index partition of the closed lists, the latest first.</summary>
    public const string ClosedListsPartition = "closed";

    /// <summary>Index partition of people's actions, the latest first.</summary>
    public const string EventPartition = "events";

    /// <summary>
    /// Partition of the state that all processes share about Nimble: the first free turn and the pause.
    /// </summary>
    public const string PacePartition = "pace";

    /// <summary>Row key of the first free turn.</summary>
    public const string PaceRow = "free";

    /// <summary>Row key of the pause of all submission.</summary>
    public const string PauseRow = "pause";

    /// <summary>Index partition of the schedules.</summary>
    public const string SchedulePartition = "schedules";

    /// <summary>Index partition of the last action on each list.</summary>
    public const string ActionPartition = "actions";

    /// <summary>Index partition of the idempotency keys of requests.</summary>
    public const string RequestPartition = "requests";

    /// <summary>Index partition of the last restore.</summary>
    public const string RestorePartition = "restored";

    /// <summary>Row key of the last restore.</summary>
    public const string RestoreRow = "last";

    /// <summary>Index partition of the hashes of erased lists' ids.</summary>
    public const string ErasedPartition = "erased";

    /// <summary>In a budget's partition: row key of the total reserved.</summary>
    public const string BudgetTotal = "total";

    /// <summary>Partition of a budget's total and its reservations, so that one transaction changes both.</summary>
    public static string BudgetPartition(string budget) => $"budget.{budget}";

    /// <summary>In a budget's partition: row key of one reservation.</summary>
    public static string Reservation(string name) => $"r{name}";

    /// <summary>Partition of the entries and runs of a series, so that one query reads them.</summary>
    public static string SeriesPartition(string series) => $"series.{series}";

    /// <summary>In a series' partition: row key of the last record of an input.</summary>
    public static string SeriesInput(string key) => SeriesPrefix + key;

    /// <summary>In a series' partition: row key of a run. The latest sorts first.</summary>
    public static string SeriesRun(DateTimeOffset runAt, string listId) =>
        string.Create(CultureInfo.InvariantCulture, $"{RunPrefix}{long.MaxValue - runAt.UtcTicks:D19}.{listId}");

    public static string Pin(int block) => PinPrefix + block.ToString("D10", CultureInfo.InvariantCulture);

    public static string ListPartition(string listId) => $"list.{listId}";

    public static string Input(int ordinal) => InputPrefix + ordinal.ToString("D4", CultureInfo.InvariantCulture);

    /// <summary>Row key of what one process has changed in the counts.</summary>
    public static string Counter(string process) => $"{CounterPrefix}-{process}";

    public static string Task(string taskId) => TaskPrefix + taskId;

    public static string Member(int sequence) => MemberPrefix + sequence.ToString("D10", CultureInfo.InvariantCulture);

    /// <summary>In a list's partition: sorts after all rows that name its submissions.</summary>
    public const string AfterMembers = "t";

    /// <summary>
    /// Row key of a due submission. Sorts by time. The mark makes it unique for one submission and time.
    /// </summary>
    public static string Due(DateTimeOffset dueAt, string submissionId, string mark) =>
        $"{DueBefore(dueAt)}.{submissionId}.{mark}";

    /// <summary>Row key of a closed list.</summary>
    public static string Closed(DateTimeOffset closedAt, string listId) => $"{Latest(closedAt)}.{listId}";

    /// <summary>Sorts later times first.</summary>
    public static string Latest(DateTimeOffset time) =>
        (DateTimeOffset.MaxValue.Ticks - time.UtcTicks).ToString("D19", CultureInfo.InvariantCulture);

    /// <summary>Sorts after the due rows of earlier times and before those of this time and later.</summary>
    public static string DueBefore(DateTimeOffset time) => time.UtcTicks.ToString("D19", CultureInfo.InvariantCulture);
}
