using System.IO.Compression;
using Azure.Data.Tables;
using Pipeline.Model;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Stores.Keeping;

namespace Pipeline.Stores.Azure.Keeping;

/// <summary>
/// Copies the tables of an account while others work on it. Table Storage has no snapshots, so the order of the reads
/// makes the copy a ledger that a killed pipeline could have left: a row is read before the rows that it refers to, or
/// is rebuilt by the restore. A list is read before its submissions, which may only be ahead of it; series and budgets
/// after them. A submission and those that post its inputs again are read consistently: see <see cref="SteadyReads"/>.
/// So each input is in exactly one of them, and anything that the copy calls planned was posted after the backup began,
/// or not at all.
/// </summary>
internal sealed class AccountBackup(AzureAccount account, TimeProvider time)
{
    private const int Parallelism = 8;

    private readonly AzureResource<TableClient> _ledger = account.Table(AzureNames.LedgerTable);
    private readonly AzureResource<TableClient> _index = account.Table(AzureNames.DueTable);
    private readonly TableRestoreLedger _restores = new(account);
    private long _lists;
    private long _submissions;
    private long _inputs;

    /// <summary>Writes a backup.</summary>
    /// <param name="to">A writable, seekable file.</param>
    /// <param name="cancellationToken">Stops the backup.</param>
    /// <exception cref="PipelineException">
    /// Permanent: a restore has not completed. Transient: the account is unavailable, or rows kept changing.
    /// </exception>
    public async Task<BackupNote> WriteAsync(Stream to, CancellationToken cancellationToken)
    {
        // Taken before the copy, by the slower clock, so that anything posted during the copy counts as posted after
        // it.
        var since = time.GetUtcNow();
        if (await ServiceClock.ReadAsync(_index, cancellationToken) is { } there && there < since)
            since = there;
        var restore = await _restores.FindRestoreAsync(cancellationToken);
        if (restore is { IsUnfinished: true })
            throw BackupArchive.Refuse(
                "A restore into this account was interrupted, so its ledger is incomplete. Run the same 'pipeline "
                    + "restore' again, then back up.");
        using var zip = new ZipArchive(to, ZipArchiveMode.Create, leaveOpen: true);
        BackupFile[] files =
        [
            await RowFile.AddAsync(
                zip, KeptRows.Before, file => CopyIndexAsync(file, KeptRows.BeforePartitions, cancellationToken),
                cancellationToken),
            await RowFile.AddAsync(
                zip, KeptRows.Ledger, file => CopyLedgerAsync(file, cancellationToken), cancellationToken),
            await RowFile.AddAsync(
                zip, KeptRows.After, file => CopyIndexAsync(file, KeptRows.AfterPartitions, cancellationToken),
                cancellationToken),
        ];
        var note = new BackupNote
        {
            Store = BackupNote.Account,
            Since = since,
            LostSince = restore?.IsRecent(since) == true ? restore.Since : null,
            State = account.Options.ToString(),
            Lists = _lists,
            Submissions = _submissions,
            Inputs = _inputs,
            Files = files,
        };
        await BackupArchive.WriteNoteAsync(zip, note, cancellationToken);
        return note;
    }

    private async Task CopyIndexAsync(
        RowFile file, IReadOnlyList<string> partitions, CancellationToken cancellationToken)
    {
        foreach (var partition in partitions)
            await CopyAsync(
                file, _index, TableClient.CreateQueryFilter($"PartitionKey eq {partition}"), cancellationToken);
    }

    private async Task CopyLedgerAsync(RowFile file, CancellationToken cancellationToken)
    {
        var lists = QueryAsync(
            _ledger,
            Between(LedgerKeys.ListPartition(""))
                + TableClient.CreateQueryFilter($" and RowKey eq {LedgerKeys.List}"), cancellationToken);
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(lists, parallel, (list, token) => new(CopyListAsync(file, list, token)));
        await CopyAsync(file, _ledger, Between(LedgerKeys.SeriesPartition("")), cancellationToken);
        await CopyAsync(file, _ledger, Between(LedgerKeys.BudgetPartition("")), cancellationToken);
        await CopyAsync(
            file, _ledger,
            TableClient.CreateQueryFilter(
                $"PartitionKey eq {LedgerKeys.PacePartition} and RowKey eq {LedgerKeys.PauseRow}"), cancellationToken);
    }

    private async Task CopyListAsync(RowFile file, TableEntity list, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _lists);
        await file.WriteAsync([list], cancellationToken);
        var listId = KeptRows.ListOf(list)!;
        await foreach (var first in FindPlannedAsync(listId, cancellationToken))
            await CopyFamilyAsync(file, listId, first, cancellationToken);
        // The message that brought the list and the decisions about its inputs come after them, so that they cover what
        // the submissions need.
        await CopyAsync(
            file, _ledger,
            TableClient.CreateQueryFilter(
                $"PartitionKey eq {list.PartitionKey} and RowKey gt {LedgerKeys.List} and RowKey lt ")
                + $"'{LedgerKeys.MemberPrefix}'", cancellationToken);
    }

    /// <summary>Returns the submissions that were planned from a list, without those that post inputs again.</summary>
    private IAsyncEnumerable<string> FindPlannedAsync(string listId, CancellationToken cancellationToken) =>
        _ledger.ReadAsync(
            t => t.QueryAsync<TableEntity>(
                TableClient.CreateQueryFilter(
                    $"PartitionKey gt {listId + "-"} and PartitionKey lt {listId + "."} and RowKey eq ")
                    + $"'{LedgerKeys.Submission}'",
                select: [nameof(TableEntity.PartitionKey)], cancellationToken: cancellationToken), cancellationToken)
            .Select(row => row.PartitionKey)
            .Where(id => SubmissionIds.ListOf(id) == listId && !SubmissionIds.IsRepeat(id));

    private async Task CopyFamilyAsync(
        RowFile file, string listId, string first, CancellationToken cancellationToken)
    {
        // The submissions that post its inputs again have the same id with -r1, -r2 and so on.
        var filter = TableClient.CreateQueryFilter($"PartitionKey ge {first} and PartitionKey lt {first + "-s"}");
        var rows = await new SteadyReads(_ledger, time).ReadAsync(
            filter, row => SubmissionIds.ListOf(row.PartitionKey) == listId, $"Submission {first}",
            cancellationToken);
        foreach (var submission in rows.GroupBy(row => row.PartitionKey, StringComparer.Ordinal))
        {
            // Its own row is written last; without it, the submission is being created.
            if (!submission.Any(row => row.RowKey == LedgerKeys.Submission))
                continue;
            Interlocked.Increment(ref _submissions);
            Interlocked.Add(ref _inputs, submission.Count(KeptRows.IsInput));
            await file.WriteAsync(submission.Where(row => !KeptRows.IsCounter(row)), cancellationToken);
        }
    }

    private static async Task CopyAsync(
        RowFile file, AzureResource<TableClient> table, string filter, CancellationToken cancellationToken)
    {
        await foreach (var rows in QueryAsync(table, filter, cancellationToken).Chunk(LedgerTable.MaxRows)
            .WithCancellation(cancellationToken))
            await file.WriteAsync(rows, cancellationToken);
    }

    private static IAsyncEnumerable<TableEntity> QueryAsync(
        AzureResource<TableClient> table, string filter, CancellationToken cancellationToken) =>
        table.ReadAsync(
            t => t.QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken), cancellationToken);

    /// <summary>Filters the partitions whose names start with a prefix that ends with a dot.</summary>
    private static string Between(string prefix) =>
        TableClient.CreateQueryFilter($"PartitionKey ge {prefix} and PartitionKey lt {prefix[..^1] + "/"}");
}
