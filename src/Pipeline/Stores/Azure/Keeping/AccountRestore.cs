using System.IO.Compression;
using System.Text.Json;
using Azure.Data.Tables;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Stores.Keeping;

namespace Pipeline.Stores.Azure.Keeping;

/// <summary>
/// Restores the tables of an account. No transaction spans them, so a note says that the restore is in progress, and
/// nothing is posted until it has completed. Everything is checked before a row changes. Then the old rows are removed
/// and the new ones written: submissions first, lists and indexes last, so that no worker finds a partial ledger. After
/// a kill, the same restore starts over.
/// </summary>
internal sealed class AccountRestore(AzureAccount account, IWorkQueue queue, TimeProvider time)
{
    private const int MaxNamed = 20;

    private readonly AccountTables _tables = new(account, time);
    private readonly TableRestoreLedger _restores = new(account);
    private readonly TableListOrigins _origins = new(account);

    /// <summary>Restores a backup.</summary>
    /// <param name="backup">The backup; seekable.</param>
    /// <param name="choice">What the user allows.</param>
    /// <param name="cancellationToken">Stops the restore; the same call starts over.</param>
    /// <exception cref="PipelineException">
    /// Permanent: the backup is damaged or of another version, or the account has a ledger or is in use. Transient: the
    /// account is unavailable.
    /// </exception>
    public async Task<RestoredAccount> RunAsync(
        Stream backup, RestoreChoice choice, CancellationToken cancellationToken)
    {
        try
        {
            using var zip = new ZipArchive(backup, ZipArchiveMode.Read, leaveOpen: true);
            var note = await BackupArchive.ReadNoteAsync(zip, BackupNote.Account, cancellationToken);
            var rows = new RestoredRows(time.GetUtcNow(), await ReadErasedAsync(zip, note, cancellationToken));
            await CheckAsync(zip, note, rows, cancellationToken);
            await RequireFreeAsync(note, choice, cancellationToken);
            await _restores.BeginRestoreAsync(
                new(note.UnknownSince, await _tables.ReadLaterClockAsync(cancellationToken)), note.Identity,
                cancellationToken);
            CrashPoint.Pass("restore.after-begin");
            await _tables.ClearAsync(cancellationToken);
            CrashPoint.Pass("restore.after-clear");
            await WriteLedgerAsync(zip, rows, cancellationToken);
            CrashPoint.Pass("restore.after-ledger");
            await WriteIndexAsync(zip, rows, cancellationToken);
            CrashPoint.Pass("restore.after-index");
            var lost = await WriteListsAsync(zip, rows, cancellationToken);
            CrashPoint.Pass("restore.before-end");
            // Taken now, not before, so that everything posted until now is looked for.
            await _restores.EndRestoreAsync(
                new(note.UnknownSince, await _tables.ReadLaterClockAsync(cancellationToken)), cancellationToken);
            return new(note, lost);
        }
        catch (Exception error) when (error is InvalidDataException or JsonException)
        {
            throw BackupArchive.Damaged(error);
        }
    }

    /// <summary>Returns the lists that were erased before the backup, or since then in this account.</summary>
    private async Task<IReadOnlySet<string>> ReadErasedAsync(
        ZipArchive zip, BackupNote note, CancellationToken cancellationToken)
    {
        var after = note.Files.FirstOrDefault(file => file.Name == KeptRows.After)
            ?? throw new InvalidDataException($"{KeptRows.After} is missing.");
        await RowFile.CheckAsync(zip, after, cancellationToken);
        var kept = RowFile.ReadAsync(zip, KeptRows.After, cancellationToken)
            .Where(row => row.PartitionKey == LedgerKeys.ErasedPartition);
        var here = _tables.Index.GetRangeAsync(
            LedgerKeys.ErasedPartition, "0", "g", perPage: null, cancellationToken, [nameof(TableEntity.RowKey)]);
        return await kept.Concat(here).Select(row => row.RowKey)
            .ToHashSetAsync(StringComparer.Ordinal, cancellationToken);
    }

    /// <summary>Reads the whole backup as the restore will, without writing anything.</summary>
    private static async Task CheckAsync(
        ZipArchive zip, BackupNote note, RestoredRows restored, CancellationToken cancellationToken)
    {
        string[] expected = [KeptRows.Before, KeptRows.Ledger, KeptRows.After];
        if (note.Files.Select(file => file.Name).Except(expected).FirstOrDefault() is { } strange)
            throw new InvalidDataException($"it names {strange}, which no backup of an account holds.");
        foreach (var name in expected)
        {
            var file = note.Files.FirstOrDefault(file => file.Name == name)
                ?? throw new InvalidDataException($"{name} is missing.");
            await RowFile.CheckAsync(zip, file, cancellationToken);
            await foreach (var row in RowFile.ReadAsync(zip, name, cancellationToken))
                if (!KeptRows.Holds(name, row))
                    throw new InvalidDataException(
                        $"{name} has a row {row.RowKey} of {row.PartitionKey}, which no backup holds.");
        }

        var (lists, submissions, inputs) = (0L, 0L, 0L);
        await foreach (var group in GroupsAsync(zip, _ => true, cancellationToken))
        {
            if (group.DistinctBy(row => row.RowKey, StringComparer.Ordinal).Count() < group.Count)
                throw new InvalidDataException($"it has a row of {group[0].PartitionKey} twice.");
            if (KeptRows.IsOfSubmission(group[0]))
                (submissions, inputs) = (submissions + 1, inputs + group.Count(KeptRows.IsInput));
            if (KeptRows.IsOfSubmission(group[0]) && !restored.IsErased(group[0]))
                restored.Complete(group);
            lists += group.Count(row => KeptRows.IsList(row) && RestoredRows.ToList(row) is not null);
        }

        if ((lists, submissions, inputs) != (note.Lists, note.Submissions, note.Inputs))
            throw new InvalidDataException("it does not have as many rows as its note says.");
    }

    private async Task RequireFreeAsync(BackupNote note, RestoreChoice choice, CancellationToken cancellationToken)
    {
        var isGoingOn = await _restores.FindUnfinishedAsync(cancellationToken) == note.Identity;
        if (isGoingOn || !await _tables.HasRowsAsync(cancellationToken))
            return;
        if (!choice.Replace)
            throw BackupArchive.Refuse(
                $"There is a ledger in {account.Options}. Add --replace to replace it, after 'pipeline backup --to "
                    + "FILE' has kept a copy of it.");
        if (!choice.Force && await _tables.IsInUseAsync(cancellationToken))
            throw BackupArchive.Refuse(
                $"Something wrote to {account.Options} within the last {AccountTables.Quiet.TotalMinutes:0} minutes. "
                    + "Stop the app and every 'pipeline' process on it, wait as long, and run the same command again. "
                    + "If all of them are stopped, add --force.");
    }

    private async Task WriteLedgerAsync(
        ZipArchive zip, RestoredRows restored, CancellationToken cancellationToken) =>
        await Parallel.ForEachAsync(
            GroupsAsync(zip, row => !restored.IsErased(row), cancellationToken),
            AccountTables.Limited(cancellationToken),
            async (group, token) =>
            {
                if (KeptRows.IsOfSubmission(group[0]))
                {
                    var submission = restored.Complete(group);
                    await AccountTables.WriteAsync(_tables.Ledger, submission.Rows, token);
                    await _tables.Ledger.PutAsync(submission.Member, token);
                }
                else if (group.Where(row => !KeptRows.IsList(row)).ToList() is { Count: > 0 } others)
                    await AccountTables.WriteAsync(_tables.Ledger, others, token);
            });

    private async Task WriteIndexAsync(ZipArchive zip, RestoredRows restored, CancellationToken cancellationToken)
    {
        var copied = RowFile.ReadAsync(zip, KeptRows.Before, cancellationToken)
            .Concat(RowFile.ReadAsync(zip, KeptRows.After, cancellationToken))
            .Where(row => !restored.IsErased(row));
        var due = RowFile.ReadAsync(zip, KeptRows.Ledger, cancellationToken)
            .Where(row => row.RowKey == LedgerKeys.Submission && KeptRows.IsOfSubmission(row)
                && !restored.IsErased(row))
            .Select(restored.IndexOf).Where(row => row is not null).Select(row => row!);
        await Parallel.ForEachAsync(
            AccountTables.Groups(copied.Concat(due), _ => LedgerTable.MaxRows),
            AccountTables.Limited(cancellationToken),
            async (group, token) =>
            {
                foreach (var row in group)
                    KeptRows.ForgetErased(row, restored.IsErased);
                await AccountTables.WriteAsync(_tables.Index, group, token);
            });
    }

    /// <summary>
    /// Writes the lists, and sends the messages of those that were being planned, because their old messages may be
    /// gone.
    /// </summary>
    /// <returns>The ids of lists whose message was not kept, as many as a person would read.</returns>
    private async Task<IReadOnlyList<string>> WriteListsAsync(
        ZipArchive zip, RestoredRows restored, CancellationToken cancellationToken)
    {
        var lost = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Parallel.ForEachAsync(
            RowFile.ReadAsync(zip, KeptRows.Ledger, cancellationToken)
                .Where(row => KeptRows.IsList(row) && !restored.IsErased(row)),
            AccountTables.Limited(cancellationToken),
            async (row, token) =>
            {
                var list = RestoredRows.ToList(row);
                await _tables.Index.PutAsync(restored.IndexOf(list), token);
                await _tables.Ledger.PutAsync(row, token);
                if (list.State != ListState.Planning)
                    return;
                if (await _origins.FindOriginAsync(list.ListId, token) is { } message)
                    await queue.SendAsync(QueueNames.UrlLists, [message], TimeSpan.Zero, token);
                else
                    lost.Add(list.ListId);
            });
        return [.. lost.Order(StringComparer.Ordinal).Take(MaxNamed)];
    }

    /// <summary>Returns the ledger's rows: all of a submission together, others in groups for a transaction.</summary>
    private static IAsyncEnumerable<IReadOnlyList<TableEntity>> GroupsAsync(
        ZipArchive zip, Func<TableEntity, bool> isWanted, CancellationToken cancellationToken) =>
        AccountTables.Groups(
            RowFile.ReadAsync(zip, KeptRows.Ledger, cancellationToken).Where(isWanted),
            first => KeptRows.IsOfSubmission(first) ? int.MaxValue : LedgerTable.MaxRows);
}

/// <summary>An account that was restored.</summary>
/// <param name="Note">The note of the backup.</param>
/// <param name="Unsent">Lists that were being planned and whose message was not kept; they must be sent again.</param>
internal sealed record RestoredAccount(BackupNote Note, IReadOnlyList<string> Unsent);
