using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;
using Pipeline.Model;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Keeping;

/// <summary>Makes the rows of a restored ledger from those of a backup, and adds what the backup left out.</summary>
/// <param name="at">When the ledger is restored, UTC.</param>
/// <param name="erased">Hashes of the ids of erased lists, which are not restored.</param>
internal sealed class RestoredRows(DateTimeOffset at, IReadOnlySet<string> erased)
{
    /// <summary>Whether a row is left out, because its list was erased.</summary>
    public bool IsErased(TableEntity row) => KeptRows.ListOf(row) is { } listId && IsErased(listId);

    /// <summary>Whether a list was erased.</summary>
    public bool IsErased(string listId) => erased.Count > 0 && erased.Contains(ErasedList.NameOf(listId));

    /// <summary>
    /// Returns the rows of a submission: with new counts, and with its own row, which comes last and has the key of its
    /// row in the index. A planned submission is due at once, because its message may be gone.
    /// </summary>
    /// <param name="kept">Its rows in the backup.</param>
    /// <exception cref="InvalidDataException">The rows are not a submission.</exception>
    public RestoredSubmission Complete(IReadOnlyList<TableEntity> kept)
    {
        var own = kept.FirstOrDefault(row => row.RowKey == LedgerKeys.Submission)
            ?? throw new InvalidDataException($"submission {kept[0].PartitionKey} has no row of its own.");
        var inputs = Readable(own, () => kept.Where(KeptRows.IsInput).Select(LedgerEntities.ToInput).ToList());
        var submission = Readable(own, () => LedgerEntities.ToSubmission(own));
        if (inputs.Count != submission.Count || SubmissionIds.ListOf(own.PartitionKey) != submission.ListId)
            throw new InvalidDataException(
                $"submission {own.PartitionKey} has {inputs.Count} of its {Amount.Of(submission.Count, "input")}.");
        if (FindDue(own) is { } due)
        {
            own[nameof(submission.DueAt)] = due;
            own[LedgerEntities.DueRow] = KeyOf(own.PartitionKey, due);
        }

        return new(
            [
                .. kept.Where(row => row != own && !KeptRows.IsCounter(row)),
                OutcomeCounters.Count(own.PartitionKey, inputs), own,
            ],
            LedgerEntities.ToMember(submission, inputs), inputs.Count);
    }

    /// <summary>Returns the index row of a submission's own row; null if it is not due.</summary>
    public TableEntity? IndexOf(TableEntity own) => FindDue(own) is { } due
        ? DueIndex.ToRow(KeyOf(own.PartitionKey, due), own.PartitionKey, at)
        : null;

    /// <summary>Returns a list.</summary>
    /// <exception cref="InvalidDataException">The row is not a list.</exception>
    public static ListEntry ToList(TableEntity row) => Readable(row, () => LedgerEntities.ToList(row));

    /// <summary>Returns the index row of a list.</summary>
    public TableEntity IndexOf(ListEntry list) => DueIndex.ToRow(list, at);

    private DateTimeOffset? FindDue(TableEntity own) => Readable(own, () =>
        own.GetDateTimeOffset(nameof(SubmissionEntry.DueAt)) is not { } due ? (DateTimeOffset?)null
            : own.GetString(nameof(SubmissionEntry.State)) == nameof(SubmissionState.Planned) && due > at ? at
            : due);

    // The same in each pass over the backup. The time makes it differ from the rows of an earlier restore.
    private string KeyOf(string submissionId, DateTimeOffset due) =>
        LedgerKeys.Due(due, submissionId, at.UtcTicks.ToString("x16", CultureInfo.InvariantCulture));

    private static T Readable<T>(TableEntity row, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or FormatException
            or InvalidCastException or JsonException or NullReferenceException)
        {
            throw new InvalidDataException($"row {row.RowKey} of {row.PartitionKey} cannot be read.", error);
        }
    }
}

/// <summary>The rows of a submission that is restored.</summary>
/// <param name="Rows">The rows of its partition; its own row comes last.</param>
/// <param name="Member">The row that names it in the partition of its list.</param>
/// <param name="Inputs">Number of its inputs.</param>
internal sealed record RestoredSubmission(IReadOnlyList<TableEntity> Rows, TableEntity Member, int Inputs);
