using System.Text;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Contracts;

/// <summary>What <see cref="IWorkQueue"/> promises.</summary>
public abstract class WorkQueueContract : PortContract<IWorkQueue>
{
    private const string Queue = QueueNames.Results;

    [Fact]
    public async Task EveryMessageSentIsDeliveredByteForByte()
    {
        var bodies = Enumerable.Range(0, 40).Select(i => Some.Body($"Ünïcode 😀 {i}")).ToList();

        await Port.SendAsync(Queue, bodies, TimeSpan.Zero, Token);

        AssertSame(bodies, await ReceiveAllAsync(Queue));
    }

    [Fact]
    public async Task ACompletedMessageIsNotDeliveredAgain()
    {
        await Port.SendAsync(Queue, [Some.Body("a")], TimeSpan.Zero, Token);
        Assert.Single(await ReceiveAllAsync(Queue));

        Assert.Empty(await ReceiveAllAsync(Queue));
    }

    [Fact]
    public async Task SendingNothingSendsNothing()
    {
        await Port.SendAsync(Queue, [], TimeSpan.Zero, Token);

        Assert.Empty(await ReceiveAllAsync(Queue));
    }

    [Fact]
    public async Task QueuesAreSeparate()
    {
        await Port.SendAsync(QueueNames.Submissions, [Some.Body("a")], TimeSpan.Zero, Token);

        Assert.Empty(await ReceiveAllAsync(Queue));
        Assert.Single(await ReceiveAllAsync(QueueNames.Submissions));
    }

    [Fact]
    public async Task ADelayedMessageIsInvisibleUntilItsTime()
    {
        for (var delay = TimeSpan.FromSeconds(3); ; delay *= 4)
        {
            var sent = TimeProvider.System.GetTimestamp();
            await Port.SendAsync(Queue, [Some.Body("later")], delay, Token);
            var early = await ReceiveAllAsync(Queue);
            // On a slow machine this delay may already be over; then the test uses a longer one.
            if (early.Count > 0 && TimeProvider.System.GetElapsedTime(sent) >= delay)
                continue;
            Assert.Empty(early);
            await PassAsync(delay);
            Assert.Single(await ReceiveAllAsync(Queue));
            return;
        }
    }

    [Fact]
    public async Task TheWaitOfTheFirstMessageIsKnownAndADelayedOneDoesNotWait()
    {
        Assert.Null(await Receiver.WaitingSinceAsync(Queue, Token));
        await Port.SendAsync(Queue, [Some.Body("later")], TimeSpan.FromMinutes(1), Token);
        Assert.Null(await Receiver.WaitingSinceAsync(Queue, Token));

        await Port.SendAsync(Queue, [Some.Body("now")], TimeSpan.Zero, Token);
        var since = await Receiver.WaitingSinceAsync(Queue, Token);

        Assert.NotNull(since);
        await Port.SendAsync(Queue, [Some.Body("second")], TimeSpan.Zero, Token);
        Assert.Equal(since, await Receiver.WaitingSinceAsync(Queue, Token));
    }

    [Fact]
    public async Task SentMessagesSurviveACrash()
    {
        var bodies = Enumerable.Range(0, 20).Select(i => Some.Body($"{i}")).ToList();
        await Port.SendAsync(Queue, bodies, TimeSpan.Zero, Token);

        await CrashAsync();

        AssertSame(bodies, await ReceiveAllAsync(Queue));
    }

    [Fact]
    public async Task ConcurrentSendersLoseNothing()
    {
        var bodies = Enumerable.Range(0, 50).Select(i => Some.Body($"{i}")).ToList();

        await Task.WhenAll(bodies.Select(body => Port.SendAsync(Queue, [body], TimeSpan.Zero, Token)));

        AssertSame(bodies, await ReceiveAllAsync(Queue));
    }

    [Fact]
    public async Task AFailedMessageIsRedeliveredAndPoisonedAfterTheFifthAttempt()
    {
        var body = Some.Body("bad");
        await Port.SendAsync(Queue, [body], TimeSpan.Zero, Token);

        for (var i = 0; i < 5; i++)
            AssertSame([body], [.. await ReceiveAsync(Queue, complete: false)]);

        Assert.Empty(await ReceiveAsync(Queue, complete: false));
        AssertSame([body], await ReceivePoisonAsync(Queue));
    }

    [Fact]
    public async Task ALargeMessageArrivesWhole()
    {
        // A storage queue accepts 48 KiB of payload; the pipeline must not send more.
        var body = Some.Body(new string('x', 48_000));

        await Port.SendAsync(Queue, [body], TimeSpan.Zero, Token);

        AssertSame([body], await ReceiveAllAsync(Queue));
    }

    /// <summary>
    /// Receives one batch of visible messages, as the host does. Completes each message, or abandons it for an
    /// immediate retry, as the host does after a failure.
    /// </summary>
    protected abstract Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReceiveAsync(string queue, bool complete);

    /// <summary>Receives from the same queues.</summary>
    private protected abstract IWorkReceiver Receiver { get; }

    /// <summary>The messages in the poison queue of a queue.</summary>
    protected abstract Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReceivePoisonAsync(string queue);

    /// <summary>Advances the clock.</summary>
    protected abstract Task PassAsync(TimeSpan time);

    private static void AssertSame(
        IReadOnlyList<ReadOnlyMemory<byte>> expected, IReadOnlyList<ReadOnlyMemory<byte>> actual) =>
        Assert.Equal(Texts(expected), Texts(actual));

    private static IEnumerable<string> Texts(IReadOnlyList<ReadOnlyMemory<byte>> bodies) =>
        bodies.Select(body => Encoding.UTF8.GetString(body.Span)).Order();

    private async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReceiveAllAsync(string queue)
    {
        var all = new List<ReadOnlyMemory<byte>>();
        while (await ReceiveAsync(queue, complete: true) is { Count: > 0 } some)
            all.AddRange(some);
        return all;
    }
}
