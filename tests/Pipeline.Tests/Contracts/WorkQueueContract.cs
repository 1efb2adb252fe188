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
    public async Task AMessageThatWasCompletedIsNotDeliveredAgain()
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
    public async Task QueuesAreApart()
    {
        await Port.SendAsync(QueueNames.Submissions, [Some.Body("a")], TimeSpan.Zero, Token);

        Assert.Empty(await ReceiveAllAsync(Queue));
        Assert.Single(await ReceiveAllAsync(QueueNames.Submissions));
    }

    [Fact]
    public async Task ADelayedMessageIsInvisibleUntilItsTime()
    {
        var delay = TimeSpan.FromSeconds(3);
        await Port.SendAsync(Queue, [Some.Body("later")], delay, Token);
        Assert.Empty(await ReceiveAllAsync(Queue));

        await PassAsync(delay);

        Assert.Single(await ReceiveAllAsync(Queue));
    }

    [Fact]
    public async Task WhatWasSentSurvivesACrash()
    {
        var bodies = Enumerable.Range(0, 20).Select(i => Some.Body($"{i}")).ToList();
        await Port.SendAsync(Queue, bodies, TimeSpan.Zero, Token);

        await CrashAsync();

        AssertSame(bodies, await ReceiveAllAsync(Queue));
    }

    [Fact]
    public async Task ParallelSendersLoseNothing()
    {
        var bodies = Enumerable.Range(0, 50).Select(i => Some.Body($"{i}")).ToList();

        await Task.WhenAll(bodies.Select(body => Port.SendAsync(Queue, [body], TimeSpan.Zero, Token)));

        AssertSame(bodies, await ReceiveAllAsync(Queue));
    }

    [Fact]
    public async Task AMessageThatFailsIsDeliveredAgainAndAfterTheFifthTimeGoesToThePoisonQueue()
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
        // A storage queue takes 48 KiB of payload; nothing larger may be sent.
        var body = Some.Body(new string('x', 48_000));

        await Port.SendAsync(Queue, [body], TimeSpan.Zero, Token);

        AssertSame([body], await ReceiveAllAsync(Queue));
    }

    /// <summary>Receives, as the host does, what is visible now, one batch; completes each message or, as the host does for a failed one, gives it back for an immediate next try.</summary>
    protected abstract Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReceiveAsync(string queue, bool complete);

    /// <summary>What is in the poison queue of a queue.</summary>
    protected abstract Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReceivePoisonAsync(string queue);

    /// <summary>Lets time pass.</summary>
    protected abstract Task PassAsync(TimeSpan time);

    private static void AssertSame(IReadOnlyList<ReadOnlyMemory<byte>> expected, IReadOnlyList<ReadOnlyMemory<byte>> actual) =>
        Assert.Equal(Texts(expected), Texts(actual));

    private static IEnumerable<string> Texts(IReadOnlyList<ReadOnlyMemory<byte>> bodies) => bodies.Select(body => Encoding.UTF8.GetString(body.Span)).Order();

    private async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReceiveAllAsync(string queue)
    {
        var all = new List<ReadOnlyMemory<byte>>();
        while (await ReceiveAsync(queue, complete: true) is { Count: > 0 } some)
            all.AddRange(some);
        return all;
    }
}
