namespace Pipeline.Tests.Contracts;

public abstract partial class LedgerContract
{
    [Fact]
    public async Task ABudgetGrantsAllOrNothingAndReportsWhatIsLeft()
    {
        Assert.Equal(0, await Port.GetReservedAsync("day.2026-03-19", Token));
        Assert.Equal(60, await Port.ReserveAsync("day.2026-03-19", "list-000000.1", 60, 100, Token));
        Assert.Equal(40, await Port.ReserveAsync("day.2026-03-19", "list-000001.1", 60, 100, Token));
        Assert.Equal(60, await Port.GetReservedAsync("day.2026-03-19", Token));
        Assert.Equal(40, await Port.ReserveAsync("day.2026-03-19", "list-000001.1", 40, 100, Token));
        Assert.Equal(0, await Port.ReserveAsync("day.2026-03-19", "list-000002.1", 1, 100, Token));
        Assert.Equal(0, await Port.ReserveAsync("day.2026-03-19", "list-000002.1", 1, 50, Token));
        Assert.Equal(100, await Port.GetReservedAsync("day.2026-03-19", Token));
        Assert.Equal(1, await Port.ReserveAsync("day.2026-03-20", "list-000002.1", 1, 100, Token));
    }

    [Fact]
    public async Task ARepeatedBudgetRequestKeepsItsGrantEvenAfterACrash()
    {
        await Port.ReserveAsync("list.a", "a-000000.1", 60, 100, Token);
        Assert.Equal(60, await Port.ReserveAsync("list.a", "a-000000.1", 60, 100, Token));

        await CrashAsync();

        Assert.Equal(60, await Port.ReserveAsync("list.a", "a-000000.1", 60, 60, Token));
        Assert.Equal(60, await Port.GetReservedAsync("list.a", Token));
    }

    [Fact]
    public async Task ReleasedBudgetIsAvailableAgainOnce()
    {
        await Port.ReserveAsync("list.a", "a-000000.1", 60, 100, Token);
        await Port.ReserveAsync("list.a", "a-000001.1", 30, 100, Token);
        await Port.ReleaseAsync("list.a", "a-000000.1", Token);
        await Port.ReleaseAsync("list.a", "a-000000.1", Token);
        await Port.ReleaseAsync("list.a", "never", Token);
        await Port.ReleaseAsync("list.b", "a-000001.1", Token);
        Assert.Equal(30, await Port.GetReservedAsync("list.a", Token));
        Assert.Equal(70, await Port.ReserveAsync("list.a", "a-000000.1", 70, 100, Token));
    }

    [Fact]
    public async Task ConcurrentBudgetRequestsNeverExceedTheLimit()
    {
        // Each name asks twice, as two copies of one message would.
        var given = await Task.WhenAll(
            Enumerable.Range(0, 40).Select(
                i => Port.ReserveAsync("day.2026-03-19", $"list-{i / 2:D6}.1", 10, 155, Token)));

        Assert.Equal(30, given.Count(g => g == 10));
        Assert.Equal(150, await Port.GetReservedAsync("day.2026-03-19", Token));
    }
}
