using Pipeline.Model.Series;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Contracts;

public abstract partial class LedgerContract
{
    [Fact]
    public async Task ASeriesHoldsTheLastRecordOfEachInputEvenAfterACrash()
    {
        Assert.Empty(await Port.GetSeriesAsync("prices", Token).ToListAsync(Token));
        SeriesEntry[] entries = [.. Enumerable.Range(0, 250).Select(i => Some.SeriesEntry(i))];
        entries[7] = entries[7] with { Outcome = new("xxh128:a", null, null) };

        await Port.PutSeriesAsync("prices", [.. entries.Reverse()], Token);
        await Port.PutSeriesAsync("other", [Some.SeriesEntry(1, listId: "another")], Token);
        await CrashAsync();

        Assert.Equal(entries, await SeriesAsync("prices"));
        Assert.Equal("another", Assert.Single(await SeriesAsync("other")).ListId);
        Assert.Empty(await SeriesAsync("price"));
    }

    [Fact]
    public async Task AWriteToASeriesThatWasInterruptedIsCompletedByRepeatingIt()
    {
        SeriesEntry[] first = [.. Enumerable.Range(0, 250).Select(i => Some.SeriesEntry(i))];
        await Port.PutSeriesAsync("prices", first[..130], Token);

        await Port.PutSeriesAsync("prices", first, Token);
        await Port.PutSeriesAsync("prices", first, Token);

        Assert.Equal(first, await SeriesAsync("prices"));
    }

    [Fact]
    public async Task ARunThatFinishesLateDoesNotReplaceALaterOne()
    {
        await Port.PutSeriesAsync("prices", [Some.SeriesEntry(1), Some.SeriesEntry(2)], Token);
        var read = await Port.GetSeriesAsync("prices", Token).ToListAsync(Token);
        // Both runs were planned before either had records.
        SeriesEntry[] Of(string listId, int days) =>
        [
            .. read.Select(e => e with { ListId = listId, RunAt = e.RunAt.AddDays(days) }),
            Some.SeriesEntry(3, Some.Time.AddDays(days), listId),
        ];

        await Port.PutSeriesAsync("prices", Of("later", 2), Token);
        await Port.PutSeriesAsync("prices", Of("earlier", 1), Token);

        Assert.All(await SeriesAsync("prices"), e => Assert.Equal("later", e.ListId));
        Assert.Equal(3, (await SeriesAsync("prices")).Count);
    }

    [Fact]
    public async Task TheLaterOfTwoRunsReplacesTheOtherWhoeverWritesFirst()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(run => Port.PutSeriesAsync(
            "prices",
            [.. Enumerable.Range(0, 20).Select(i => Some.SeriesEntry(i, Some.Time.AddDays(run), $"run-{run}"))],
            Token)));

        Assert.All(await SeriesAsync("prices"), e => Assert.Equal("run-7", e.ListId));
    }

    [Fact]
    public async Task ADecisionIsPinnedOnce()
    {
        Assert.Equal([1, 0], await Port.PinAsync("list", 0, [1, 0], Token));
        await CrashAsync();
        Assert.Equal([1, 0], await Port.PinAsync("list", 0, [1, 1], Token));
        Assert.Equal([2], await Port.PinAsync("list", 1, [2], Token));
        Assert.Equal([3], await Port.PinAsync("list2", 0, [3], Token));

        Assert.Equal([[1, 0], [2]], await Port.GetPinsAsync("list", Token).ToListAsync(Token));
    }

    [Fact]
    public async Task TheRunsOfASeriesAreTheLatestFirst()
    {
        foreach (var days in (int[])[2, 1, 3, 2])
            await Port.AddRunAsync("prices", new($"run-{days}", Some.Time.AddDays(days)), Token);
        await Port.AddRunAsync("other", new("run-9", Some.Time), Token);

        Assert.Equal(
            [
                new("run-3", Some.Time.AddDays(3)),
                new("run-2", Some.Time.AddDays(2)),
                new SeriesRun("run-1", Some.Time.AddDays(1)),
            ],
            await Port.GetRunsAsync("prices", Token).ToListAsync(Token));
    }

    private async Task<IReadOnlyList<SeriesEntry>> SeriesAsync(string series) =>
        [.. await Port.GetSeriesAsync(series, Token).Select(e => e with { Version = "" }).ToListAsync(Token)];
}
