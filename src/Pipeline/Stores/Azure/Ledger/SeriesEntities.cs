using Azure;
using Azure.Data.Tables;
using Pipeline.Model.Series;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>Converts entries of series to table rows and back.</summary>
internal static class SeriesEntities
{
    /// <summary>The bytes of a pin.</summary>
    public const string Pin = "Pin";

    /// <summary>Replaces the version that was read; without one, adds a row.</summary>
    public static TableTransactionAction ToWrite(string partition, SeriesEntry entry) =>
        entry.Version.Length == 0
            ? new(TableTransactionActionType.Add, ToRow(partition, entry))
            : new(TableTransactionActionType.UpdateReplace, ToRow(partition, entry), new ETag(entry.Version));

    public static SeriesEntry ToEntry(TableEntity row) => new()
    {
        Key = row.RowKey[LedgerKeys.SeriesPrefix.Length..],
        Outcome = new(
            row.GetString(nameof(SeriesOutcome.ContentDigest)),
            row.GetString(nameof(SeriesOutcome.TextDigest)),
            row.GetInt32(nameof(SeriesOutcome.HttpStatus))),
        RecordId = row.GetString(nameof(SeriesEntry.RecordId)),
        ListId = row.GetString(nameof(SeriesEntry.ListId)),
        RunAt = row.GetDateTimeOffset(nameof(SeriesEntry.RunAt))!.Value,
        RecordedAt = row.GetDateTimeOffset(nameof(SeriesEntry.RecordedAt))!.Value,
        Version = row.ETag.ToString(),
    };

    private static TableEntity ToRow(string partition, SeriesEntry entry)
    {
        var row = new TableEntity(partition, LedgerKeys.SeriesInput(entry.Key))
        {
            [nameof(SeriesOutcome.ContentDigest)] = entry.Outcome.ContentDigest,
            [nameof(SeriesEntry.RecordId)] = entry.RecordId,
            [nameof(SeriesEntry.ListId)] = entry.ListId,
            [nameof(SeriesEntry.RunAt)] = entry.RunAt.ToUniversalTime(),
            [nameof(SeriesEntry.RecordedAt)] = entry.RecordedAt.ToUniversalTime(),
        };
        if (entry.Outcome.TextDigest is { } text)
            row[nameof(SeriesOutcome.TextDigest)] = text;
        if (entry.Outcome.HttpStatus is { } status)
            row[nameof(SeriesOutcome.HttpStatus)] = status;
        return row;
    }
}
