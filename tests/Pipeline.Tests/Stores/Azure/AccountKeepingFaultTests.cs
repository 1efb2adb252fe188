using Microsoft.Extensions.Time.Testing;
using Pipeline.Model;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Azure.Keeping;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Stores.Keeping;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>
/// Backup and restore of an account with a wrong clock, a truncated file or lost permissions, against Azurite.
/// </summary>
[Trait("Needs", "servers")]
public sealed class AccountKeepingFaultTests(Servers servers)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>These times decide which submissions are searched for.</summary>
    [Fact]
    [Trait("Promise", "2")]
    public async Task AWrongClockMakesTheLostTimeNoShorter()
    {
        var (from, to) = (await servers.AzureAsync(), await servers.AzureAsync());
        await FillAsync(from);
        var before = TimeProvider.System.GetUtcNow().AddSeconds(-1);
        using var backup = new MemoryStream();
        using (var account = from.Open())
            await new AccountBackup(account, Clock(Day)).WriteAsync(backup, Ct);

        var note = await RestoreAsync(to, backup, Clock(-Day), default);

        using var restored = to.Open();
        var restore = (await new TableRestoreLedger(restored).FindRestoreAsync(Ct))!;
        Assert.InRange(note.Since, before.AddMinutes(-1), TimeProvider.System.GetUtcNow());
        Assert.InRange(restore.At, before, TimeProvider.System.GetUtcNow().AddMinutes(1));
    }

    [Fact]
    public async Task AClockThatIsAheadDoesNotMakeABusyAccountFree()
    {
        var azurite = await servers.AzureAsync();
        await FillAsync(azurite);
        using var backup = new MemoryStream();
        using (var account = azurite.Open())
            await new AccountBackup(account, TimeProvider.System).WriteAsync(backup, Ct);

        var refused = await Assert.ThrowsAsync<PipelineException>(
            () => RestoreAsync(azurite, backup, Clock(Day), new(Replace: true)));

        Assert.Contains("within the last 2 minutes", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFileThatWasCutOnItsWayIsRefusedBeforeAnythingChanges()
    {
        var (from, to) = (await servers.AzureAsync(), await servers.AzureAsync());
        await FillAsync(from);
        using var backup = new MemoryStream();
        using (var account = from.Open())
            await new AccountBackup(account, TimeProvider.System).WriteAsync(backup, Ct);

        foreach (var length in new[] { 0, 100, (int)backup.Length / 2, (int)backup.Length - 1 })
        {
            using var cut = new MemoryStream(backup.ToArray()[..length]);
            var refused = await Assert.ThrowsAsync<PipelineException>(
                () => RestoreAsync(to, cut, TimeProvider.System, default));
            Assert.True(refused.IsPermanent);
            Assert.Contains("The file is not a backup, or it is damaged", refused.Message, StringComparison.Ordinal);
        }

        using var untouched = to.Open();
        Assert.Null(await new TableRestoreLedger(untouched).FindRestoreAsync(Ct));
    }

    /// <summary>A restore whose role is removed stays unfinished; with the role, the same call completes it.</summary>
    [Fact]
    [Trait("Promise", "2")]
    public async Task RightsThatAreLostHalfWayLeaveTheRestoreUnfinished()
    {
        var (from, to) = (await servers.AzureAsync(), await servers.AzureAsync());
        await FillAsync(from);
        using var backup = new MemoryStream();
        using (var account = from.Open())
            await new AccountBackup(account, TimeProvider.System).WriteAsync(backup, Ct);
        await using var proxy = await FaultProxy.StartAsync(to.Tables);
        proxy.Instead = context =>
        {
            // The first transaction writes the first submission.
            if (!context.Request.Path.Value!.EndsWith("$batch", StringComparison.Ordinal))
                return Task.FromResult(false);
            context.Response.StatusCode = 403;
            return Task.FromResult(true);
        };

        await Assert.ThrowsAsync<PipelineException>(
            () => RestoreAsync(to, backup, TimeProvider.System, default, proxy.Address));

        using var restored = to.Open();
        Assert.True((await new TableRestoreLedger(restored).FindRestoreAsync(Ct))!.IsUnfinished);
        await RestoreAsync(to, backup, TimeProvider.System, default);
        Assert.False((await new TableRestoreLedger(restored).FindRestoreAsync(Ct))!.IsUnfinished);
        var ledger = new TableLedger(restored, TimeProvider.System);
        Assert.Equal(3, (await ledger.GetInputsAsync("list-000000", Ct)).Count);
    }

    private static FakeTimeProvider Clock(TimeSpan off) => new(TimeProvider.System.GetUtcNow() + off);

    private static async Task FillAsync(AzuriteAccount azurite)
    {
        var ledger = new TableLedger(azurite.Open(), TimeProvider.System);
        await ledger.CreateListAsync(Some.List(), Ct);
        var submission = Some.Submission();
        await ledger.CreateSubmissionAsync(submission, Some.Inputs(submission), Ct);
    }

    private static async Task<BackupNote> RestoreAsync(
        AzuriteAccount azurite, MemoryStream backup, TimeProvider time, RestoreChoice choice, Uri? tables = null)
    {
        using var account = azurite.Open(tables: tables, change: options => options with { MaxTries = 1 });
        backup.Position = 0;
        var queue = new StorageWorkQueue(account, new(account, TimeProvider.System));
        return (await new AccountRestore(account, queue, time).RunAsync(backup, choice, Ct)).Note;
    }
}
