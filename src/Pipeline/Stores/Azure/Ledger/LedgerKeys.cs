using System.Globalization;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// The keys of the ledger's rows. A submission's partition, named as it is, has its own row, its inputs and its tasks. A list's partition has its
/// own row and one that names each submission; its dot cannot be in a submission's id. In the other table, <c>due</c> is ordered by time.
/// </summary>
internal static class LedgerKeys
{
    /// <summary>The own row of a submission.</summary>
    public const string Submission = "s";

    /// <summary>The own row of a list.</summary>
    public const string List = "list";

    public const string InputPrefix = "i";

    public const string TaskPrefix = "t";

    /// <summary>In a list's partition: one row per submission.</summary>
    public const string MemberPrefix = "s";

    /// <summary>Partition of the submissions that Sweep must look at.</summary>
    public const string DuePartition = "due";

    /// <summary>Partition of the lists that are not closed.</summary>
    public const string OpenListsPartition = "lists";

    /// <summary>In the table of what is due: lists that were refused.</summary>
    public const string RefusedListsPartition = "refused";

    /// <summary>In a budget's partition: how much is taken.</summary>
    public const string BudgetTotal = "total";

    /// <summary>A budget's total and its reservations, together so that one transaction changes both.</summary>
    public static string BudgetPartition(string budget) => $"budget.{budget}";

    /// <summary>In a budget's partition: what one name has taken.</summary>
    public static string Reservation(string name) => $"r{name}";

    public static string ListPartition(string listId) => $"list.{listId}";

    public static string Input(int ordinal) => InputPrefix + ordinal.ToString("D4", CultureInfo.InvariantCulture);

    public static string Task(string taskId) => TaskPrefix + taskId;

    public static string Member(int sequence) => MemberPrefix + sequence.ToString("D10", CultureInfo.InvariantCulture);

    /// <summary>Sorts by time; the mark makes each unlike every other, also one of the same submission and time.</summary>
    public static string Due(DateTimeOffset dueAt, string submissionId, string mark) => $"{DueBefore(dueAt)}.{submissionId}.{mark}";

    /// <summary>Sorts after every due row of an earlier time and before every one of this or a later time.</summary>
    public static string DueBefore(DateTimeOffset time) => time.UtcTicks.ToString("D19", CultureInfo.InvariantCulture);
}
