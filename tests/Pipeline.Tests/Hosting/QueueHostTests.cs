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

public sealed partial class QueueHostTests : IAsyncLifetime
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
                await Patience.UntilAsync(() => Volatile.Read(ref most) >= 3);
                await Task.Delay(10, cancellationToken);
                Interlocked.Decrement(ref running);
                Interlocked.Increment(ref handled);
            },
            () => handled == 30,
            concurrency: 3);

        Assert.Equal(3, most);
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
        _options.Visibility = TimeSpan.FromSeconds(6);
        var time = new AwaitedTime(TimeProvider.System.GetUtcNow());
        var queue = new LocalWorkQueue(await _state.OpenAsync(), time);
        await queue.SendAsync(Queue, [Some.Body("long")], TimeSpan.Zero, Token);
        var (tries, done) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var run = Runner(
            async (_, _) =>
            {
                Interlocked.Increment(ref tries);
                await done.Task;
            },
            concurrency: 4, receiver: queue, time: time)
            .RunAsync(_ => Task.FromResult(done.Task.IsCompleted), Token);

        await Patience.UntilAsync(() => Volatile.Read(ref tries) == 1);
        // The handler runs for three leases. Each is renewed when a third of it has passed.
        var renewal = _options.Visibility / 3;
        for (var passed = TimeSpan.Zero; passed < _options.Visibility * 3; passed += renewal)
        {
            await Patience.UntilAsync(() => time.IsAwaitedFor(renewal));
            time.Advance(renewal);
        }
        done.SetResult();
        await time.AdvanceUntilAsync(run, _options.SweepInterval);

        Assert.Equal(1, tries);
        Assert.Empty(await _queue.CountAsync(Token));
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
            .WaitAsync(Patience.Limit, Token);

    private QueueHost Runner(
        Func<string, CancellationToken, Task> handle, int concurrency = 8, Func<CancellationToken, Task>? sweep = null,
        IWorkReceiver? receiver = null, TimeProvider? time = null) =>
        new(
            receiver ?? _queue,
            [new(
                Queue, concurrency,
                (body, cancellationToken) => handle(Encoding.UTF8.GetString(body.Span), cancellationToken))],
            sweep ?? (_ => Task.CompletedTask),
            (queue, body, error, _) => Done(() => _dead.Enqueue((queue, Encoding.UTF8.GetString(body.Span), error))),
            _options,
            time ?? TimeProvider.System,
            new Random(1),
            _health,
            NullLogger<QueueHost>.Instance);
}
