using Microsoft.Extensions.Time.Testing;
using Pipeline.Concurrency;

namespace Pipeline.Tests.Concurrency;

/// <summary>One list never takes all slots of a worker.</summary>
[Trait("Promise", "9")]
public sealed class ListSharesTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AListHasItsShareAndAnotherListItsOwn()
    {
        var shares = new ListShares(2, _time);
        Assert.NotNull(await shares.TryEnterAsync("a", Ct));
        Assert.NotNull(await shares.TryEnterAsync("a", Ct));
        FillLine(shares);
        var third = shares.TryEnterAsync("a", Ct);
        Assert.False(third.IsCompleted);
        Assert.NotNull(await shares.TryEnterAsync("b", Ct));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await third);
    }

    [Fact]
    public async Task WorkWaitsForTheSlotOfAListThatGetsOn()
    {
        var shares = new ListShares(1, _time);
        var first = await shares.TryEnterAsync("a", Ct);
        var line = FillLine(shares);
        var last = shares.TryEnterAsync("a", Ct);
        _time.Advance(TimeSpan.FromMilliseconds(400));
        Assert.False(last.IsCompleted);
        first!.Dispose();
        foreach (var one in line)
            (await one)!.Dispose();
        Assert.NotNull(await last);
    }

    [Fact]
    public async Task WhatIsNextInLineIsNotPutOff()
    {
        var shares = new ListShares(1, _time);
        var first = await shares.TryEnterAsync("a", Ct);
        var line = FillLine(shares);
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.DoesNotContain(line, one => one.IsCompleted);
        first!.Dispose();
        foreach (var one in line)
            (await one)!.Dispose();
    }

    [Fact]
    public async Task WhoEntersWithoutALimitGetsTheNextSlotHoweverLateItIs()
    {
        var shares = new ListShares(1, _time);
        var first = await shares.TryEnterAsync("a", Ct);
        var second = shares.EnterAsync("a", Ct);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(second.IsCompleted);
        first!.Dispose();
        using var slot = await second;
        using var stop = new CancellationTokenSource();
        var third = shares.EnterAsync("a", stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third);
    }

    [Fact]
    public async Task WorkWaitsHardlyAtAllForAListThatStandsStill()
    {
        var shares = new ListShares(1, _time);
        using var first = await shares.TryEnterAsync("a", Ct);
        FillLine(shares);
        _time.Advance(TimeSpan.FromSeconds(2));
        var second = shares.TryEnterAsync("a", Ct);
        _time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Null(await second);
    }

    private static List<Task<IDisposable?>> FillLine(ListShares shares) =>
        [shares.TryEnterAsync("a", Ct), shares.TryEnterAsync("a", Ct)];

    [Fact]
    public async Task ASlotIsGivenBackOnce()
    {
        var shares = new ListShares(1, _time);
        var first = await shares.TryEnterAsync("a", Ct);
        using var keep = shares.TryEnterAsync("a", Ct);
        first!.Dispose();
        first.Dispose();
        using var second = await keep;
        Assert.NotNull(second);
        FillLine(shares);
        var third = shares.TryEnterAsync("a", Ct);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await third);
    }
}
