using Pipeline.Model.Series;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>
/// Counts the requests that a series costs on Azure, and checks what an interrupted write leaves. Runs on Azurite.
/// </summary>
[Trait("Needs", "servers")]
public sealed class TableSeriesTests(Servers servers)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ASeriesIsReadAThousandEntriesAtATimeAndWrittenAHundredAtATime()
    {
        var azurite = await servers.AzureAsync();
        await using var proxy = await FaultProxy.StartAsync(azurite.Tables);
        var ledger = new TableLedger(azurite.Open(tables: proxy.Address), TimeProvider.System);
        SeriesEntry[] first = [.. Enumerable.Range(0, 3000).Select(i => Some.SeriesEntry(i))];
        await ledger.PutSeriesAsync("warm", first[..1], Ct);

        // One of them asks whether the list was erased.
        Assert.Equal(31, await CountAsync(proxy, () => ledger.PutSeriesAsync("prices", first, Ct)));

        List<SeriesEntry> read = [];
        var reads = await CountAsync(
            proxy, async () => read = await ledger.GetSeriesAsync("prices", Ct).ToListAsync(Ct));
        // The third page may name a fourth, which is then empty.
        Assert.InRange(reads, 3, 4);
        Assert.Equal(3000, read.Count);

        // The next run knows the versions that it read, so it need not read them again.
        SeriesEntry[] next = [.. read.Select(e => e with { ListId = "next", RunAt = e.RunAt.AddDays(1) })];
        Assert.Equal(31, await CountAsync(proxy, () => ledger.PutSeriesAsync("prices", next, Ct)));
        Assert.All(await ledger.GetSeriesAsync("prices", Ct).ToListAsync(Ct), e => Assert.Equal("next", e.ListId));
    }

    /// <summary>
    /// A write whose answer is lost, or that a kill interrupts, is repeated with the earlier versions.
    /// </summary>
    [Fact]
    public async Task AWriteThatIsCutShortAnywhereIsCompletedByRepeatingIt()
    {
        for (var survive = 0; ; survive++)
        {
            var azurite = await servers.AzureAsync();
            var plain = new TableLedger(azurite.Open(), TimeProvider.System);
            await plain.PutSeriesAsync("prices", [.. Entries("first", 0)], Ct);
            var read = await plain.GetSeriesAsync("prices", Ct).ToListAsync(Ct);
            SeriesEntry[] next = [.. Entries("next", 1).Zip(read, (e, stored) => e with { Version = stored.Version })];
            await using var proxy = await FaultProxy.StartAsync(
                azurite.Tables,
                [.. Enumerable.Repeat(new Fault(), survive), .. Enumerable.Repeat(new Fault { Status = 500 }, 100)]);
            var cut = new TableLedger(
                azurite.Open(tables: proxy.Address, change: o => o with { MaxTries = 1 }), TimeProvider.System);
            var error = await Record.ExceptionAsync(() => cut.PutSeriesAsync("prices", next, Ct));

            await plain.PutSeriesAsync("prices", next, Ct);

            Assert.Equal(
                Entries("next", 1),
                await plain.GetSeriesAsync("prices", Ct).Select(e => e with { Version = "" }).ToListAsync(Ct));
            if (error is null)
                break;
        }
    }

    private static IEnumerable<SeriesEntry> Entries(string listId, int days) =>
        Enumerable.Range(0, 250).Select(i => Some.SeriesEntry(i, Some.Time.AddDays(days), listId));

    private static async Task<int> CountAsync(FaultProxy proxy, Func<Task> work)
    {
        var before = proxy.Seen.Count;
        await work();
        return proxy.Seen.Count - before;
    }
}
