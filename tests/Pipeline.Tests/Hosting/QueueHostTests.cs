using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Stores.Local.Queues;
using Pipeline.Tests.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Hosting;

public sealed class QueueHostTests : IAsyncLifetime
{
    private const string Queue = QueueNames.Results;

    private readonly LocalState _state = new();
    private readonly QueueHostOptions _options = new()
    {
        SweepInterval = TimeSpan.FromMilliseconds(200),
        IdleSweepInterval = TimeSpan.FromMilliseconds(10),
        RetryDelay = TimeSpan.FromMilliseconds(10),
        MaxRetryDelay = TimeSpan.FromMilliseconds(20),
    };

    private readonly ConcurrentQueue<(string Queue, string Body, Exception Error)> _dead = new();
    private readonly StoreHealth _health = new(TimeProvider.System);
    private LocalWorkQueue _queue = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _queue = new(await _state.OpenAsync(), TimeProvider.System);

    public ValueTask DisposeAsync() => _state.DisposeAsync();

    [Fact]
    public async Task EveryMessageIsHandledAndTheRunEndsWhenDone()
    {
        await SendAsync(100);
        var handled = new ConcurrentBag<string>();

        await RunAsync((body, _) => Done(() => handled.Add(body)), () => handled.Count == 100);

        Assert.Equal(100, handled.Distinct().Count());
        Assert.Empty(await _queue.CountAsync(Token));
    }

    [Fact]
    public async Task TheLeaseOfAKilledWorkerDoesNotDelayALivingOne()
    {
        var killed = new LocalWorkQueue(
            await _state.OpenAsync(), TimeProvider.System, $"{Environment.MachineName}/an-earlier-boot/1/1");
        await SendAsync(1);
        var handled = new ConcurrentBag<string>();

        await RunAsync(
            async (body, cancellationToken) =>
            {
                handled.Add(body);
                if (handled.Count > 1)
                    return;
                await SendAsync(1);
                Assert.Single((await killed.ReceiveAsync(Queue, 1, TimeSpan.FromHours(1), cancellationToken)).Messages);
            },
            () => handled.Count == 2,
            concurrency: 1);

        Assert.Empty(_dead);
    }

    [Fact]
    public async Task NoMoreMessagesAreHandledConcurrentlyThanAllowed()
    {
        await SendAsync(30);
        var (running, most, handled) = (0, 0, 0);

        await RunAsync(
            async (_, cancellationToken) =>
            {
                InterlockedMax(ref most, Interlocked.Increment(ref running));
                await Task.Delay(10, cancellationToken);
                Interlocked.Decrement(ref running);
                Interlocked.Increment(ref handled);
            },
            () => handled == 30,
            concurrency: 3);

        Assert.Equal(3, most);
    }

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
            .RunAsync(_ => Task.FromResult(handled == 3), Token).WaitAsync(TimeSpan.FromSeconds(30), Token);

        Assert.Equal(3, completed);
        Assert.Equal(1, (await _queue.CountAsync(Token))[Queue].Invisible);
    }

    [Fact]
    public async Task AStoppedHandlerHasNotFailedAndItsMessageIsDeliveredAtOnce()
    {
        await SendAsync(1);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);

        await Runner(async (_, cancellationToken) =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }).RunAsync(_ => Task.FromResult(false), stop.Token);

        var message = Assert.Single((await _queue.ReceiveAsync(Queue, 1, TimeSpan.FromMinutes(1), Token)).Messages);
        Assert.Equal((1, null), (message.DequeueCount, message.Error));
        Assert.Empty(_dead);
    }

    [Fact]
    public async Task ARunStoppedBeforeItsFirstStepEndsWithoutAnError()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Runner((_, _) => Task.CompletedTask).RunAsync(_ => Task.FromResult(false), stop.Token);
    }

    [Fact]
    public async Task ALeaseIsRenewedWhileTheHandlerRuns()
    {
        _options.Visibility = TimeSpan.FromMilliseconds(600);
        await SendAsync(1);
        var (tries, done) = (0, false);

        await RunAsync(
            async (_, cancellationToken) =>
            {
                Interlocked.Increment(ref tries);
                await Task.Delay(1500, cancellationToken);
                done = true;
            },
            () => done,
            concurrency: 4);

        Assert.Equal(1, tries);
        Assert.Empty(await _queue.CountAsync(Token));
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

    private static string Text(int i) => Encoding.UTF8.GetString(Some.Body($"{i}").Span);

    private static Task Done(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    private Task SendAsync(int count) =>
        _queue.SendAsync(Queue, [.. Enumerable.Range(0, count).Select(i => Some.Body($"{i}"))], TimeSpan.Zero, Token);

    private Task RunAsync(
        Func<string, CancellationToken, Task> handle, Func<bool> isDone, int concurrency = 8,
        Func<CancellationToken, Task>? sweep = null) =>
        Runner(handle, concurrency, sweep)
            .RunAsync(_ => Task.FromResult(isDone()), Token)
            .WaitAsync(TimeSpan.FromSeconds(30), Token);

    private QueueHost Runner(
        Func<string, CancellationToken, Task> handle, int concurrency = 8, Func<CancellationToken, Task>? sweep = null,
        IWorkReceiver? receiver = null) =>
        new(
            receiver ?? _queue,
            [new(
                Queue, concurrency,
                (body, cancellationToken) => handle(Encoding.UTF8.GetString(body.Span), cancellationToken))],
            sweep ?? (_ => Task.CompletedTask),
            (queue, body, error, _) => Done(() => _dead.Enqueue((queue, Encoding.UTF8.GetString(body.Span), error))),
            _options,
            TimeProvider.System,
            new Random(1),
            _health,
            NullLogger<QueueHost>.Instance);
}
