using Pipeline.Concurrency;

namespace Pipeline.Tests.Concurrency;

/// <summary>Concurrent calls share batches, and each call gets its own result or error.</summary>
public sealed class CoalescerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ItemsThatAreAddedTogetherAreHandledTogether()
    {
        var batches = new List<int[]>();
        var coalescer = new Coalescer<string, int>(3, (_, items) =>
        {
            batches.Add([.. items]);
            return Task.CompletedTask;
        });
        await coalescer.AddAllAsync("a", [1, 2, 3, 4], Ct);
        await coalescer.AddAsync("a", 5, Ct);
        Assert.Equal([[1, 2, 3], [4], [5]], batches);
    }

    [Fact]
    public async Task WhoAddsItemsHearsOfAFaultOfAnyOfTheirBatches()
    {
        var coalescer = new Coalescer<string, int>(2, (_, items) =>
            items.Contains(4) ? throw new InvalidOperationException("Four.") : Task.CompletedTask);
        var all = coalescer.AddAllAsync("a", [1, 2, 3, 4], Ct);
        var next = coalescer.AddAsync("a", 5, Ct);
        await Assert.ThrowsAsync<InvalidOperationException>(() => all);
        await next;
    }
}
