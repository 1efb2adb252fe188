using System.IO.Compression;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using Pipeline.Model;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Keeping;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Stores.Keeping;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>Backup and restore of an account's tables, against Azurite.</summary>
[Trait("Needs", "servers")]
public sealed class AccountBackupTests(Servers servers)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ALedgerComesBackAsItWas()
    {
        var (from, to) = (await servers.AzureAsync(), await servers.AzureAsync());
        await FillAsync(from);

        var note = await RestoreAsync(to, await BackUpAsync(from));

        Assert.Equal((2, 2, 6), (note.Note.Lists, note.Note.Submissions, note.Note.Inputs));
        Assert.Equal(await KeptAsync(from), await KeptAsync(to));
        var ledger = Ledger(to);
        Assert.Equal(new(1, 1, 1), await ledger.CountOutcomesAsync("list-000000", Ct));
        Assert.Equal(
            ["list-000000", "list-000001"],
            await ledger.GetSubmissionsAsync("list", 0, Ct).Select(s => s.SubmissionId).ToListAsync(Ct));
        Assert.Equal(["list"], await ledger.GetOpenListsAsync(Ct).Select(l => l.ListId).ToListAsync(Ct));
        using var account = to.Open();
        var catalog = new TableListCatalog(account, ledger, TimeProvider.System);
        Assert.Equal("closed", Assert.Single(await catalog.GetClosedPageAsync(null, 10, Ct)).ListId);
        var found = await new TableInputIndex(account, catalog, ledger).FindAsync(
            new(InputKey.Id, "list-000001-2"), 10, Ct);
        Assert.Equal("list-000001-2", Assert.Single(found.Inputs).Id);
    }

    [Fact]
    public async Task ARestoredLedgerNeedsNoMessages()
    {
        var (from, to) = (await servers.AzureAsync(), await servers.AzureAsync());
        var later = TimeProvider.System.GetUtcNow().AddDays(1);
        await Ledger(from).CreateListAsync(Some.List("planned"), Ct);
        await Ledger(from).CreateListAsync(Some.List("unsent"), Ct);
        using (var account = from.Open())
            await new TableListOrigins(account).PutOriginAsync("planned", "hello"u8.ToArray(), Ct);
        var waiting = Some.Submission("planned") with { DueAt = later };
        await Ledger(from).CreateSubmissionAsync(waiting, Some.Inputs(waiting), Ct);

        var restored = await RestoreAsync(to, await BackUpAsync(from));

        Assert.Equal(["unsent"], restored.Unsent);
        Assert.Equal(
            "planned-000000",
            Assert.Single(
                await Ledger(to).GetDueSubmissionsAsync(TimeProvider.System.GetUtcNow(), 10, Ct)).SubmissionId);
        using var target = to.Open();
        var messages = (await target.Queues.GetQueueClient(QueueNames.UrlLists).PeekMessagesAsync(32, Ct)).Value;
        Assert.Equal("hello", Assert.Single(messages).Body.ToString());
    }

    /// <summary>
    /// The move of an input to another submission falls between two pages of one read. Table Storage would show the
    /// first part of the rows as they were before it, and the rest as they were after it.
    /// </summary>
    [Fact]
    [Trait("Promise", "1")]
    public async Task AMoveDuringTheReadIsInTheBackupWholeOrNotAtAll()
    {
        var (from, to) = (await servers.AzureAsync(), await servers.AzureAsync());
        var ledger = Ledger(from);
        await ledger.CreateListAsync(Some.List(), Ct);
        var old = Some.Submission(count: 1200) with { DueAt = null, State = SubmissionState.Closed };
        await ledger.CreateSubmissionAsync(old, [.. Some.Inputs(old).Select(i => Settled(i, InputState.Failed))], Ct);
        var moves = 0;
        await using var proxy = await FaultProxy.StartAsync(from.Tables);
        proxy.Instead = async context =>
        {
            var query = Uri.UnescapeDataString(context.Request.QueryString.Value!);
            if (query.Contains("NextRowKey", StringComparison.Ordinal)
                && query.Contains("PartitionKey ge 'list-000000'", StringComparison.Ordinal)
                && Interlocked.Increment(ref moves) == 1)
                await MoveAsync(ledger, old);
            return false;
        };

        using var backup = new MemoryStream();
        using (var account = from.Open(tables: proxy.Address))
            await new AccountBackup(account, TimeProvider.System).WriteAsync(backup, Ct);
        await RestoreAsync(to, backup);

        Assert.True(moves > 1, $"{moves} pages were read: the rows were not read again.");
        var inputs = new List<InputEntry>();
        await foreach (var submission in Ledger(to).GetSubmissionsAsync("list", 0, Ct))
            inputs.AddRange(await Ledger(to).GetInputsAsync(submission.SubmissionId, Ct));
        Assert.Equal(
            1200, inputs.Where(i => i.State != InputState.Moved).Select(i => i.Id).Distinct().Count());
        Assert.Equal(1200, inputs.Count(i => i.State != InputState.Moved));
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task BackupsWhileOthersWriteAreWhole()
    {
        var from = await servers.AzureAsync();
        var ledger = Ledger(from);
        await ledger.CreateListAsync(Some.List() with { Submissions = 0 }, Ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        stop.CancelAfter(TimeSpan.FromMinutes(1));
        var writers = Enumerable.Range(0, 3)
            .Select(writer => WriteAsync(Ledger(from), writer, stop.Token)).ToList();
        try
        {
            for (var round = 0; round < 3; round++)
            {
                var to = await servers.AzureAsync();
                // A restore checks what it reads: each submission has all its inputs.
                await RestoreAsync(to, await BackUpAsync(from));
                await CheckAsync(Ledger(to));
            }
        }
        finally
        {
            await stop.CancelAsync();
        }

        foreach (var writer in writers)
            await Assert.ThrowsAnyAsync<Exception>(() => writer);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task ARestoreThatIsCutShortIsNotTakenForAWholeOne()
    {
        var (from, to) = (await servers.AzureAsync(), await servers.AzureAsync());
        await FillAsync(from);
        using var backup = await BackUpAsync(from);
        var cuts = 0;
        for (var survive = 12; ; survive += 3)
        {
            await using var proxy = await FaultProxy.StartAsync(
                to.Tables,
                [.. Enumerable.Repeat(new Fault(), survive), .. Enumerable.Repeat(new Fault { Status = 500 }, 1000)]);
            if (await Record.ExceptionAsync(() => RestoreAsync(to, backup, proxy.Address)) is not { } error)
                break;
            Assert.False(Assert.IsType<PipelineException>(error).IsPermanent);
            using var account = to.Open();
            var restore = await new TableRestoreLedger(account).FindRestoreAsync(Ct);
            if (restore is null)
                continue;
            cuts++;
            Assert.True(restore.IsUnfinished);
            var refused = await Assert.ThrowsAsync<PipelineException>(() => BackUpAsync(to));
            Assert.Contains("Run the same 'pipeline restore' again", refused.Message, StringComparison.Ordinal);
        }

        Assert.True(cuts > 2, $"Only {cuts} restores were cut short after they had begun.");
        using (var account = to.Open())
            Assert.False((await new TableRestoreLedger(account).FindRestoreAsync(Ct))!.IsUnfinished);
        Assert.Equal(await KeptAsync(from), await KeptAsync(to));
    }

    [Fact]
    public async Task ALedgerThatIsThereOrInUseIsNotReplacedUnasked()
    {
        var (from, to) = (await servers.AzureAsync(), await servers.AzureAsync());
        await FillAsync(from);
        using var backup = await BackUpAsync(from);
        await Ledger(to).CreateListAsync(Some.List("other"), Ct);

        var there = await Assert.ThrowsAsync<PipelineException>(() => RestoreAsync(to, backup));
        var used = await Assert.ThrowsAsync<PipelineException>(() => RestoreAsync(to, backup, choice: new(true)));

        Assert.Contains("Add --replace", there.Message, StringComparison.Ordinal);
        Assert.Contains("within the last 2 minutes", used.Message, StringComparison.Ordinal);
        Assert.NotNull(await Ledger(to).GetListAsync("other", Ct));
        await RestoreAsync(to, backup, choice: new(true, true));
        Assert.Null(await Ledger(to).GetListAsync("other", Ct));
        Assert.Equal(await KeptAsync(from), await KeptAsync(to));
    }

    [Fact]
    public async Task WhatWasErasedSinceTheBackupStaysErased()
    {
        var azurite = await servers.AzureAsync();
        await FillAsync(azurite);
        using var backup = await BackUpAsync(azurite);
        using var account = azurite.Open();
        var erasure = new Pipeline.Stores.Azure.Erasing.TableErasure(account, TimeProvider.System);
        await erasure.BeginAsync("list", Ct);
        await erasure.EraseAsync("list", Ct);

        await RestoreAsync(azurite, backup, choice: new(true, true));

        Assert.True(await Ledger(azurite).IsErasedAsync("list", Ct));
        Assert.Equal(["closed"], await Ledger(azurite).GetListIdsAsync(Ct).ToListAsync(Ct));
        Assert.DoesNotContain(
            (await KeptAsync(azurite)).Select(row => row.Replace("\"key\":\"list\"", "", StringComparison.Ordinal)),
            row => row.Contains("\"list\"", StringComparison.Ordinal)
                || row.Contains("list-0", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task ABackupOfARestoredLedgerRemembersWhatThatOneMayNotKnow()
    {
        var (first, second) = (await servers.AzureAsync(), await servers.AzureAsync());
        await FillAsync(first);
        var old = (await RestoreAsync(second, await BackUpAsync(first))).Note;

        var note = (await RestoreAsync(second, await BackUpAsync(second), choice: new(true, true))).Note;

        Assert.Equal(old.Since, note.LostSince);
        using var account = second.Open();
        Assert.Equal(old.Since, (await new TableRestoreLedger(account).FindRestoreAsync(Ct))!.Since);
    }

    [Theory]
    [InlineData(KeptRows.Ledger, "", "does not have its digest")]
    [InlineData(KeptRows.After, "", "does not have its digest")]
    public async Task ADamagedBackupChangesNothing(string file, string content, string sentence)
    {
        var (from, to) = (await servers.AzureAsync(), await servers.AzureAsync());
        await FillAsync(from);
        using var backup = await BackUpAsync(from);
        using (var zip = new ZipArchive(backup, ZipArchiveMode.Update, leaveOpen: true))
            await ReplaceAsync(zip, file, content);

        Assert.Contains(sentence, await RefusalAsync(to, backup), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("schema", "\"pipeline.backup/2\"", "A newer version of this program wrote the backup")]
    [InlineData("store", "\"folder\"", "Unset AzureWebJobsStorage")]
    [InlineData("inputs", "7", "it does not have as many rows as its note says")]
    [InlineData("files", "[]", "after.ndjson is missing")]
    public async Task ANoteThatCannotBeFollowedIsRefused(string member, string value, string sentence)
    {
        var (from, to) = (await servers.AzureAsync(), await servers.AzureAsync());
        await FillAsync(from);
        using var backup = await BackUpAsync(from);
        using (var zip = new ZipArchive(backup, ZipArchiveMode.Update, leaveOpen: true))
        {
            JsonNode note;
            await using (var old = await zip.GetEntry(BackupArchive.NoteName)!.OpenAsync(Ct))
                note = JsonNode.Parse(old)!;
            note[member] = JsonNode.Parse(value);
            await ReplaceAsync(zip, BackupArchive.NoteName, note.ToJsonString());
        }

        Assert.Contains(sentence, await RefusalAsync(to, backup), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("restored", "last")]
    [InlineData("due", "1")]
    [InlineData("list.x/y", "list")]
    public void ARowThatNoBackupHoldsIsRefused(string partition, string key) =>
        Assert.DoesNotContain(
            new[] { KeptRows.Before, KeptRows.After }, file => KeptRows.Holds(file, new(partition, key)));

    private static async Task<string> RefusalAsync(AzuriteAccount to, MemoryStream backup)
    {
        var refused = await Assert.ThrowsAsync<PipelineException>(() => RestoreAsync(to, backup));
        Assert.True(refused.IsPermanent);
        using var account = to.Open();
        Assert.Null(await new TableRestoreLedger(account).FindRestoreAsync(Ct));
        Assert.Empty(await KeptAsync(to));
        return refused.Message;
    }

    private static async Task ReplaceAsync(ZipArchive zip, string name, string content)
    {
        zip.GetEntry(name)!.Delete();
        await using var writer = new StreamWriter(await zip.CreateEntry(name).OpenAsync(Ct));
        await writer.WriteAsync(content);
    }

    /// <summary>Fills every kind of row: one open list, one closed.</summary>
    private static async Task FillAsync(AzuriteAccount azurite)
    {
        using var account = azurite.Open();
        var ledger = new TableLedger(account, TimeProvider.System);
        var list = await ledger.CreateListAsync(Some.List(), Ct);
        await ledger.UpdateListAsync(list with { State = ListState.Open }, Ct);
        var closed = await ledger.CreateListAsync(Some.List("closed"), Ct);
        await ledger.UpdateListAsync(closed with { State = ListState.Closed, ClosedAt = Some.Time }, Ct);
        foreach (var submission in new[] { Some.Submission(), Some.Submission(sequence: 1) with { DueAt = null } })
            await ledger.CreateSubmissionAsync(submission, Some.Inputs(submission), Ct);
        var inputs = await ledger.GetInputsAsync("list-000000", Ct);
        await ledger.UpdateInputsAsync(
            [Settled(inputs[0], InputState.Recorded), Settled(inputs[1], InputState.Failed)],
            [new("task-1", 0), new("task-2", 1, true)], Ct);
        await ledger.ReserveAsync("list.list", "list-000000.1", 3, 100, Ct);
        await ledger.ReserveAsync("day.2026-03-19", "list-000000.1", 3, 100, Ct);
        await ledger.PutSeriesAsync("prices", [Some.SeriesEntry(1), Some.SeriesEntry(2)], Ct);
        await ledger.AddRunAsync("prices", new("list", Some.Time), Ct);
        await ledger.PinAsync("list", 0, [1, 2, 3], Ct);
        await new TableListOrigins(account).PutOriginAsync("list", "the list"u8.ToArray(), Ct);
        await new TableRequestKeys(account, TimeProvider.System).AddRequestAsync(
            "key", new("hash", "list"), TimeProvider.System.GetUtcNow(), Ct);
        await new TablePauseLedger(account).WriteAsync(new(Some.Time, "no credit", HoldReason.NimbleBudget, "a"), Ct);
        await new TableScheduleLedger(account).PutScheduleAsync(
            new()
            {
                Name = "nightly", Cron = "@daily", TimeZone = "UTC", Source = "azblob://schedules/nightly",
                ListName = "urls.txt", LastListId = "list",
            }, Ct);
        await new TableListCatalog(account, ledger, TimeProvider.System).AddEventAsync(
            new(TimeProvider.System.GetUtcNow(), EventKinds.Submitted, "list", "me", "Submitted."), Ct);
    }

    private static InputEntry Settled(InputEntry input, InputState state) => input with
    {
        State = state, MovedTo = null, Place = state == InputState.Recorded ? new("part", 1, 2) : null,
    };

    /// <summary>Moves the last input of a submission to another one, which records it.</summary>
    private static async Task MoveAsync(TableLedger ledger, SubmissionEntry old)
    {
        var repeat = Some.Submission(sequence: SubmissionIds.MaxPlanned, count: 1) with
        {
            SubmissionId = SubmissionIds.Of("list", SubmissionIds.MaxPlanned), RepeatOf = old.SubmissionId,
            State = SubmissionState.Closed, DueAt = null,
        };
        var inputs = await ledger.GetInputsAsync(old.SubmissionId, Ct);
        var moved = inputs[0];
        await ledger.CreateSubmissionAsync(
            repeat,
            [Settled(moved, InputState.Recorded) with { SubmissionId = repeat.SubmissionId, Version = "" }],
            Ct);
        await ledger.UpdateInputsAsync(
            [moved with { State = InputState.Moved, MovedTo = repeat.SubmissionId }], [], Ct);
    }

    /// <summary>Creates submissions and settles their inputs until it is stopped.</summary>
    private static async Task WriteAsync(TableLedger ledger, int writer, CancellationToken cancellationToken)
    {
        for (var number = 0; ; number++)
        {
            var submission = Some.Submission(sequence: (writer * 10_000) + number, count: 5) with { DueAt = null };
            await ledger.CreateSubmissionAsync(submission, Some.Inputs(submission), cancellationToken);
            foreach (var input in await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken))
                await ledger.UpdateInputsAsync([Settled(input, InputState.Recorded)], [], cancellationToken);
            var settled = await ledger.GetSubmissionAsync(submission.SubmissionId, cancellationToken);
            await ledger.UpdateSubmissionAsync(settled! with { State = SubmissionState.Closed }, cancellationToken);
        }
    }

    /// <summary>Checks what a ledger must be at any moment of <see cref="WriteAsync"/>.</summary>
    private static async Task CheckAsync(TableLedger ledger)
    {
        await foreach (var submission in ledger.GetSubmissionsAsync("list", 0, Ct))
        {
            var inputs = await ledger.GetInputsAsync(submission.SubmissionId, Ct);
            var recorded = inputs.Count(i => i.State == InputState.Recorded);
            Assert.Equal(5, inputs.Count);
            Assert.Equal(
                new(5 - recorded, recorded, 0), await ledger.CountOutcomesAsync(submission.SubmissionId, Ct));
            if (submission.State == SubmissionState.Closed)
                Assert.Equal(5, recorded);
        }
    }

    private static TableLedger Ledger(AzuriteAccount azurite) => new(azurite.Open(), TimeProvider.System);

    private static async Task<MemoryStream> BackUpAsync(AzuriteAccount azurite)
    {
        using var account = azurite.Open();
        var backup = new MemoryStream();
        await new AccountBackup(account, TimeProvider.System).WriteAsync(backup, Ct);
        return backup;
    }

    private static async Task<RestoredAccount> RestoreAsync(
        AzuriteAccount azurite, MemoryStream backup, Uri? tables = null, RestoreChoice choice = default)
    {
        using var account = azurite.Open(tables: tables, change: o => tables is null ? o : o with { MaxTries = 1 });
        backup.Position = 0;
        var queue = new StorageWorkQueue(account, new(account, TimeProvider.System));
        return await new AccountRestore(account, queue, TimeProvider.System).RunAsync(backup, choice, Ct);
    }

    /// <summary>The rows that a backup keeps, without what changes with each write or is made anew.</summary>
    private static async Task<IReadOnlyList<string>> KeptAsync(AzuriteAccount azurite)
    {
        using var account = azurite.Open();
        var lines = new List<string>();
        foreach (var name in new[] { AzureNames.LedgerTable, AzureNames.DueTable })
        {
            var table = account.Table(name);
            await foreach (var row in table.ReadAsync(
                t => t.QueryAsync<TableEntity>(cancellationToken: Ct), Ct))
            {
                if (row.PartitionKey is "restored" or "due" or "erased" or "lists" or "closed"
                    || row.RowKey.StartsWith('c') || (row.PartitionKey.StartsWith("list.", StringComparison.Ordinal)
                    && row.RowKey.StartsWith('s')))
                    continue;
                row.Remove(LedgerEntities.DueRow);
                if (row.GetString("State") == nameof(SubmissionState.Planned))
                    row.Remove("DueAt");
                var line = new System.Buffers.ArrayBufferWriter<byte>();
                RowText.Write(line, row);
                lines.Add(System.Text.Encoding.UTF8.GetString(line.WrittenSpan));
            }
        }

        return lines;
    }
}
