using Microsoft.Extensions.Time.Testing;
using Pipeline.Concurrency;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Concurrency;

/// <summary>Caches of a long-lived process are bounded and do not cache failures.</summary>
public sealed class AsyncCacheTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "5")]
    public async Task OnlyTheMostRecentlyUsedKeysAreCached()
    {
        var cache = new AsyncCache<int>(3);
        var reads = new List<string>();
        foreach (var key in new[] { "a", "b", "c", "a", "d", "a", "b" })
            await ReadAsync(cache, key, reads);
        Assert.Equal(["a", "b", "c", "d", "b"], reads);
        Assert.Equal(3, cache.Count);
        Assert.True(cache.TryGet("a", out _));
        Assert.False(cache.TryGet("c", out _));
    }

    [Fact]
    public async Task ConcurrentCallersShareOneRead()
    {
        var cache = new AsyncCache<int>(3);
        var reads = 0;
        var gate = new TaskCompletionSource();
        var asked = Enumerable.Range(0, 10).Select(_ => cache.GetAsync("a", async () =>
        {
            Interlocked.Increment(ref reads);
            await gate.Task;
            return 7;
        }, Token)).ToList();
        gate.SetResult();
        Assert.All(await Task.WhenAll(asked), value => Assert.Equal(7, value));
        Assert.Equal(1, reads);
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(OperationCanceledException))]
    public async Task AFailedReadIsRetriedWhateverTheException(Type fault)
    {
        var cache = new AsyncCache<int>(3);
        await Assert.ThrowsAnyAsync<Exception>(
            () => cache.GetAsync("a", () => throw (Exception)Activator.CreateInstance(fault)!, Token));
        Assert.Equal(1, await cache.GetAsync("a", () => Task.FromResult(1), Token));
    }

    [Fact]
    public async Task ASlowReadIsRepeatedAfterTenTimesAsLong()
    {
        var time = new FakeTimeProvider(Some.Time);
        var reads = new PacedReads<int>(time);
        var count = 0;
        Task<int> ReadAsync(TimeSpan takes) => reads.GetAsync("a", () =>
        {
            time.Advance(takes);
            return Task.FromResult(++count);
        }, Token);

        Assert.Equal(1, await ReadAsync(TimeSpan.FromSeconds(2)));
        time.Advance(TimeSpan.FromSeconds(19));
        Assert.Equal(1, await ReadAsync(TimeSpan.Zero));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, await ReadAsync(TimeSpan.FromMilliseconds(99)));
        Assert.Equal(3, await ReadAsync(TimeSpan.Zero));
    }

    private static Task<int> ReadAsync(AsyncCache<int> cache, string key, List<string> reads) =>
        cache.GetAsync(key, () =>
    {
        reads.Add(key);
        return Task.FromResult(reads.Count);
    }, Token);
}
