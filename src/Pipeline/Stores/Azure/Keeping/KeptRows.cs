using System.Buffers;
using System.Text.Json;
using Azure.Data.Tables;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Keeping;

/// <summary>
/// Selects the rows of the two tables that a backup keeps. Rows that follow from others are left out and rebuilt by the
/// restore, so that they agree with the copied ones: counts of inputs, the rows that name a list's submissions, and the
/// indexes of lists and due submissions. The request rate is left out because it is current only for a moment.
/// </summary>
internal static class KeptRows
{
    /// <summary>
    /// Schedules and request keys. Read first, because the lists that they name must be in <see cref="Ledger"/> too.
    /// </summary>
    public const string Before = "before.ndjson";

    /// <summary>Lists, submissions, inputs, tasks, series, budgets and the pause of all submission.</summary>
    public const string Ledger = "ledger.ndjson";

    /// <summary>
    /// Events, actions, erased lists. Read last, so that a list that was erased meanwhile is not restored.
    /// </summary>
    public const string After = "after.ndjson";

    /// <summary>The partitions of the index table in <see cref="Before"/>.</summary>
    public static readonly IReadOnlyList<string> BeforePartitions =
        [LedgerKeys.SchedulePartition, LedgerKeys.RequestPartition];

    /// <summary>The partitions of the index table in <see cref="After"/>.</summary>
    public static readonly IReadOnlyList<string> AfterPartitions =
        [LedgerKeys.EventPartition, LedgerKeys.ActionPartition, LedgerKeys.ErasedPartition];

    // Table Storage refuses these characters in keys, and control characters.
    private static readonly SearchValues<char> NotInKeys =
        SearchValues.Create(['/', '\\', '#', '?', .. Enumerable.Range(0, 0x20).Select(c => (char)c)]);

    private const int MaxKeyChars = 512;
    private const string ListId = "ListId";
    private const string Json = "Json";

    private static readonly string ListPrefix = LedgerKeys.ListPartition("");
    private static readonly string SeriesPrefix = LedgerKeys.SeriesPartition("");
    private static readonly string BudgetPrefix = LedgerKeys.BudgetPartition("");

    /// <summary>Whether a row of the ledger is that of a list.</summary>
    public static bool IsList(TableEntity row) =>
        row.RowKey == LedgerKeys.List && row.PartitionKey.StartsWith(ListPrefix, StringComparison.Ordinal);

    /// <summary>Whether a row of the ledger is in a submission's partition.</summary>
    public static bool IsOfSubmission(TableEntity row) =>
        !row.PartitionKey.Contains('.', StringComparison.Ordinal) && row.PartitionKey != LedgerKeys.PacePartition;

    /// <summary>Whether a row in a submission's partition counts its inputs.</summary>
    public static bool IsCounter(TableEntity row) =>
        row.RowKey.StartsWith(LedgerKeys.CounterPrefix, StringComparison.Ordinal);

    /// <summary>Whether a row in a submission's partition is an input.</summary>
    public static bool IsInput(TableEntity row) =>
        row.RowKey.StartsWith(LedgerKeys.InputPrefix, StringComparison.Ordinal);

    /// <summary>Whether a file of a backup may hold a row.</summary>
    public static bool Holds(string file, TableEntity row) =>
        IsKey(row.PartitionKey) && IsKey(row.RowKey) && HoldsPartition(file, row);

    private static bool HoldsPartition(string file, TableEntity row) => file switch
    {
        Before => BeforePartitions.Contains(row.PartitionKey),
        After => AfterPartitions.Contains(row.PartitionKey),
        _ => IsOfSubmission(row)
            ? SubmissionIds.IsWellFormed(row.PartitionKey)
            : row.PartitionKey == LedgerKeys.PacePartition
                ? row.RowKey == LedgerKeys.PauseRow
                : row.PartitionKey.StartsWith(ListPrefix, StringComparison.Ordinal)
                    || row.PartitionKey.StartsWith(SeriesPrefix, StringComparison.Ordinal)
                    || row.PartitionKey.StartsWith(BudgetPrefix, StringComparison.Ordinal),
    };

    /// <summary>The list that a row is about; null if it is about none.</summary>
    public static string? ListOf(TableEntity row) => row.PartitionKey switch
    {
        var p when p.StartsWith(ListPrefix, StringComparison.Ordinal) => p[ListPrefix.Length..],
        var p when p.StartsWith(BudgetPrefix + ListPrefix, StringComparison.Ordinal) =>
            p[(BudgetPrefix.Length + ListPrefix.Length)..],
        var p when p.StartsWith(BudgetPrefix, StringComparison.Ordinal) => ListOfReservation(row.RowKey),
        var p when p.StartsWith(SeriesPrefix, StringComparison.Ordinal)
            || p is LedgerKeys.RequestPartition or LedgerKeys.EventPartition
                or LedgerKeys.ActionPartition => row.GetString(ListId),
        var p when p.Contains('-', StringComparison.Ordinal) => SubmissionIds.ListOf(p),
        _ => null,
    };

    /// <summary>If the list of a schedule's last run was erased, removes that run from the schedule.</summary>
    public static void ForgetErased(TableEntity row, Func<string, bool> isErased)
    {
        if (row.PartitionKey == LedgerKeys.SchedulePartition && row.GetString(Json) is { } json
            && JsonSerializer.Deserialize(json, PipelineJson.Plain.ScheduleEntry)
                is { LastListId: { } last } schedule && isErased(last))
            row[Json] = JsonSerializer.Serialize(schedule with { LastListId = null }, PipelineJson.Plain.ScheduleEntry);
    }

    private static bool IsKey(string? key) => key?.Length <= MaxKeyChars && key.AsSpan().IndexOfAny(NotInKeys) < 0;

    // The total of a day stays, because that money is spent.
    private static string? ListOfReservation(string key) =>
        key != LedgerKeys.BudgetTotal && key.LastIndexOf('.') is > 1 and var dot
            ? SubmissionIds.ListOf(key[1..dot])
            : null;
}
