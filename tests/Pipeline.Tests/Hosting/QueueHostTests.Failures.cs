using System.Collections.Concurrent;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Hosting;

public sealed partial class QueueHostTests
{
    [Fact]
    public async Task ATransientErrorIsRetriedAfterTheRequestedWait()
    {
        await SendAsync(1);
        var tries = new ConcurrentQueue<long>();

        await RunAsync(
            (_, _) =>
            {
                tries.Enqueue(TimeProvider.System.GetTimestamp());
                return tries.Count < 3
                    ? throw PipelineException.Transient(
                        FailureReasons.Unavailable, "busy", TimeSpan.FromMilliseconds(150))
                    : Task.CompletedTask;
            },
            () => tries.Count == 3);

        var times = tries.ToArray();
        Assert.All(
            times.Skip(1).Zip(times),
            pair =>
                Assert.True(
                    TimeProvider.System.GetElapsedTime(pair.Second, pair.First) >= TimeSpan.FromMilliseconds(140)));
        Assert.Empty(_dead);
        Assert.Empty(await _queue.CountAsync(Token));
    }

    [Fact]
    public async Task APermanentErrorDeadLettersTheMessageAtOnceAndIsReported()
    {
        await SendAsync(1);
        var tries = 0;

        await RunAsync(
            (_, _) =>
            {
                tries++;
                throw PipelineException.Permanent(FailureReasons.ResultInvalid, "It cannot be read.");
            },
            () => !_dead.IsEmpty);

        Assert.Equal(1, tries);
        var (queue, body, error) = Assert.Single(_dead);
        Assert.Equal(
            (Queue, Text(0), FailureReasons.ResultInvalid),
            (queue, body, Assert.IsType<PipelineException>(error).Reason));
        Assert.Equal("It cannot be read.", Assert.Single(await _queue.GetPoisonAsync(Queue, 10, Token)).Error);
    }

    [Fact]
    public async Task AFullDiskIsNotATryIsShownAndIsWaitedOut()
    {
        await SendAsync(1);
        var (tries, shown) = (0, new ConcurrentBag<string?>());

        await RunAsync(
            (_, _) =>
            {
                shown.Add(_health.Problem);
                return Interlocked.Increment(ref tries) <= 6
                    ? throw PipelineException.StoreWaits(
                        FailureReasons.Unavailable, "full", retryAfter: TimeSpan.FromMilliseconds(1))
                    : Task.CompletedTask;
            },
            () => tries == 7);

        Assert.Equal(7, tries);
        Assert.Equal(6, shown.Count(problem => problem == "full"));
        Assert.False(_health.HasWaiting);
        Assert.Empty(_dead);
        Assert.Empty(await _queue.CountAsync(Token));
    }

    [Fact]
    public async Task AMissingStoreStopsTheRunWithItsCauseAndFailsNothing()
    {
        await SendAsync(20);

        var error = await Assert.ThrowsAsync<PipelineException>(() => RunAsync(
            (_, _) => throw PipelineException.StoreStops(FailureReasons.Unavailable, "gone"), () => false));

        Assert.Equal("gone", error.Message);
        Assert.Empty(_dead);
        var counts = (await _queue.CountAsync(Token))[Queue];
        Assert.Equal((20, 0), (counts.Visible + counts.Invisible, counts.Poison));
    }

    [Fact]
    public async Task ABugIsTriedFiveTimesThenTheMessageIsDeadLetteredAndReported()
    {
        await SendAsync(1);
        var tries = 0;

        await RunAsync(
            (_, _) => throw new InvalidOperationException($"bug {Interlocked.Increment(ref tries)}"),
            () => !_dead.IsEmpty);

        Assert.Equal(5, tries);
        Assert.Equal("bug 5", Assert.Single(_dead).Error.Message);
        Assert.Equal("bug 5", Assert.Single(await _queue.GetPoisonAsync(Queue, 10, Token)).Error);
    }

    [Fact]
    public async Task AMessageThatCannotBeCompletedAffectsNoOthers()
    {
        await SendAsync(3);
        var (handled, completed) = (0, 0);
        var receiver = InterceptedPort.Before<IWorkReceiver>(_queue, method =>
        {
            if (method == nameof(IWorkReceiver.CompleteAsync) && Interlocked.Increment(ref completed) == 1)
                throw new InvalidOperationException("It cannot be written.");
        });

        await Runner((_, _) => Done(() => Interlocked.Increment(ref handled)), receiver: receiver)
            .RunAsync(_ => Task.FromResult(handled == 3), Token).WaitAsync(Patience.Limit, Token);

        Assert.Equal(3, completed);
        Assert.Equal(1, (await _queue.CountAsync(Token))[Queue].Invisible);
    }
}
