using Microsoft.Extensions.Time.Testing;
using Pipeline.Hosting;
using Pipeline.Model;

namespace Pipeline.Tests.Hosting;

/// <summary>When the problem of a store that cannot be written is reported, and when it counts as over.</summary>
public sealed class StoreHealthTests
{
    private readonly FakeTimeProvider _time = new();
    private bool _hasRoom = true;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ASmallWriteThatSucceedsDoesNotEndTheProblem()
    {
        var health = new StoreHealth(_time, () => _hasRoom);
        await FailOnceAsync(health);

        Assert.False(health.HasWaiting);
        Assert.Equal("The disk is full.", health.Problem);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal("The disk is full.", health.Problem);
    }

    [Fact]
    public async Task TheProblemEndsWhenNoWriteHasFailedForAWhileAndThereIsRoom()
    {
        var health = new StoreHealth(_time, () => _hasRoom);
        await FailOnceAsync(health);
        _hasRoom = false;
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("The disk is full.", health.Problem);

        _hasRoom = true;
        Assert.Null(health.Problem);
        _hasRoom = false;
        Assert.Null(health.Problem);
    }

    [Fact]
    public async Task TheProblemStaysWhileAnyWorkWaits()
    {
        var health = new StoreHealth(_time);
        var isFull = true;
        var large = health.WaitOutAsync(() => isFull ? throw Full() : Task.FromResult(1), Token);
        await FailOnceAsync(health);
        Assert.True(health.HasWaiting);
        Assert.Equal("The disk is full.", health.Problem);

        isFull = false;
        _time.Advance(TimeSpan.FromSeconds(10));
        await large;
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(health.Problem);
    }

    private static PipelineException Full() =>
        PipelineException.StoreWaits(FailureReasons.Unavailable, "The disk is full.");

    private async Task FailOnceAsync(StoreHealth health)
    {
        var tries = 0;
        var small = health.WaitOutAsync(() => tries++ == 0 ? throw Full() : Task.FromResult(1), Token);
        _time.Advance(TimeSpan.FromSeconds(1));
        await small;
    }
}
