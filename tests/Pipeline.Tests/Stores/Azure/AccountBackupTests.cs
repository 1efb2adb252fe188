using Pipeline.Model;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Keeping;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Tests.Support;
using static Pipeline.Tests.Stores.Azure.KeptAccount;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>What a backup of an account's tables holds, against Azurite.</summary>
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

    /// <summary>
    /// An input moves to another submission between two pages of one read. Table Storage would return the first rows
    /// from before the move and the others from after it.
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
                // A restore checks that each submission has all its inputs.
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
    [InlineData("restored", "last")]
    [InlineData("due", "1")]
    [InlineData("list.x/y", "list")]
    public void ARowThatNoBackupHoldsIsRefused(string partition, string key) =>
        Assert.DoesNotContain(
            new[] { KeptRows.Before, KeptRows.After }, file => KeptRows.Holds(file, new(partition, key)));

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

    /// <summary>Checks what must hold in a ledger at any moment of <see cref="WriteAsync"/>.</summary>
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
}
