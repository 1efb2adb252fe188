using Pipeline.Model;

namespace Pipeline.Tests.Hosting;

public sealed partial class QueueHostTests
{
    [Fact]
    public async Task ASweepWithAMissingStoreEndsTheRunAtOnce()
    {
        var sweeps = 0;

        await Assert.ThrowsAsync<PipelineException>(() => RunAsync((_, _) => Task.CompletedTask, () => false,
            sweep: _ =>
        {
            sweeps++;
            throw PipelineException.StoreStops(FailureReasons.Unavailable, "gone");
        }));

        Assert.Equal(1, sweeps);
    }

    [Fact]
    public async Task SweepsDoNotOverlapAndAnIdlePipelineIsSweptEarly()
    {
        _options.SweepInterval = TimeSpan.FromMinutes(10);
        var (running, most, sweeps) = (0, 0, 0);

        await RunAsync(
            (_, _) => Task.CompletedTask,
            () => sweeps >= 4,
            sweep: async cancellationToken =>
            {
                InterlockedMax(ref most, Interlocked.Increment(ref running));
                await SendAsync(1);
                await Task.Delay(5, cancellationToken);
                Interlocked.Decrement(ref running);
                sweeps++;
            });

        Assert.Equal(1, most);
    }

    [Fact]
    public async Task NothingIsSweptEarlyWhileMessagesAreHandled()
    {
        _options.SweepInterval = TimeSpan.FromMinutes(10);
        await SendAsync(1);
        var (sweepsBefore, sweeps) = (-1, 0);

        await RunAsync(
            async (_, cancellationToken) =>
            {
                var before = sweeps;
                await Task.Delay(200, cancellationToken);
                sweepsBefore = sweeps - before;
            },
            () => sweepsBefore >= 0,
            sweep: _ => Done(() => sweeps++));

        // The sweep at the start may happen in this time.
        Assert.InRange(sweepsBefore, 0, 1);
    }

    [Fact]
    public async Task ASweepThatKeepsFailingEndsTheRunWithItsError()
    {
        _options.SweepInterval = TimeSpan.FromMilliseconds(20);
        var sweeps = 0;

        var error = await Assert.ThrowsAsync<PipelineException>(() => RunAsync(
            (_, _) =>
                Task.CompletedTask, () =>
                    false, sweep: _ =>
                        throw PipelineException.Permanent(FailureReasons.AccessDenied, $"refused {++sweeps}")));

        Assert.Equal("refused 5", error.Message);
    }

    [Fact]
    public async Task ATransientErrorOfASweepIsWaitedOut()
    {
        var sweeps = 0;

        await RunAsync(
            (_, _) => Task.CompletedTask,
            () => true,
            sweep: _ =>
                ++sweeps < 8
                    ? throw PipelineException.Transient(FailureReasons.Unavailable, "busy")
                    : Task.CompletedTask);

        Assert.Equal(8, sweeps);
    }
}
