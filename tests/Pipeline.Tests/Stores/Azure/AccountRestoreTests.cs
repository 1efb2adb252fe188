using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Model;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Erasing;
using Pipeline.Stores.Azure.Keeping;
using Pipeline.Tests.Stores.Keeping;
using Pipeline.Tests.Support;
using static Pipeline.Tests.Stores.Azure.KeptAccount;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>What a restore writes to an account's tables, and what it refuses, against Azurite.</summary>
[Trait("Needs", "servers")]
public sealed class AccountRestoreTests(Servers servers)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

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
        var erasure = new TableErasure(account, TimeProvider.System);
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

    [Theory]
    [InlineData(KeptRows.Ledger, "", "does not have its digest")]
    [InlineData(KeptRows.After, "", "does not have its digest")]
    public async Task ADamagedBackupChangesNothing(string file, string content, string sentence)
    {
        var (from, to) = (await servers.AzureAsync(), await servers.AzureAsync());
        await FillAsync(from);
        using var backup = await BackUpAsync(from);
        await backup.ReplaceAsync(file, Encoding.UTF8.GetBytes(content));

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
        await backup.ChangeNoteAsync(note => note[member] = JsonNode.Parse(value));

        Assert.Contains(sentence, await RefusalAsync(to, backup), StringComparison.Ordinal);
    }

    private static async Task<string> RefusalAsync(AzuriteAccount to, MemoryStream backup)
    {
        var refused = await Assert.ThrowsAsync<PipelineException>(() => RestoreAsync(to, backup));
        Assert.True(refused.IsPermanent);
        using var account = to.Open();
        Assert.Null(await new TableRestoreLedger(account).FindRestoreAsync(Ct));
        Assert.Empty(await KeptAsync(to));
        return refused.Message;
    }
}
