using Microsoft.Extensions.Time.Testing;
using Pipeline.Model;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Stores.Local.Queues;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Local;

/// <summary>Receiving from the local queue.</summary>
public sealed class LocalWorkQueueTests : IAsyncLifetime
{
    private const string Queue = QueueNames.Results;
    private static readonly TimeSpan Visibility = TimeSpan.FromMinutes(1);

    private readonly LocalState _state = new();
    private LocalDatabase _database = null!;
    private LocalWorkQueue _queue = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await _state.OpenAsync();
        _queue = new(_database, _state.Time);
    }

    public ValueTask DisposeAsync() => _state.DisposeAsync();

    [Fact]
    public async Task AMessageIsLeasedToOneWorkerAtATime()
    {
        await SendAsync(30);

        var deliveries = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(_ => _queue.ReceiveAsync(Queue, 5, Visibility, Token)));

        Assert.Equal(
            30, deliveries.SelectMany(delivery => delivery.Messages).Select(message => message.Id).Distinct().Count());
        Assert.Equal(30, deliveries.Sum(delivery => delivery.Messages.Count));
    }

    [Fact]
    public async Task AfterItsLeaseAMessageBelongsToTheNextWorkerAndTheFirstChangesNothing()
    {
        await SendAsync(1);
        var stale = await ReceiveAsync();
        Assert.Empty((await _queue.ReceiveAsync(Queue, 1, Visibility, Token)).Messages);
        _state.Time.Advance(Visibility);
        var fresh = await ReceiveAsync();

        Assert.False(await _queue.CompleteAsync(stale, Token));
        Assert.False(await _queue.AbandonAsync(stale, TimeSpan.Zero, "stale", Token));
        Assert.False(await _queue.ReleaseAsync(stale, Token));
        Assert.False(await _queue.DeadLetterAsync(stale, "stale", Token));
        Assert.Equal([stale], await _queue.ExtendAsync([stale, fresh], Visibility, Token));

        Assert.Equal(2, fresh.DequeueCount);
        Assert.True(await _queue.CompleteAsync(fresh, Token));
        Assert.Empty(await _queue.CountAsync(Token));
    }

    [Fact]
    public async Task NothingWaitsAnExtraDayAfterTheClockIsSetBackByOne()
    {
        var ahead = new FakeTimeProvider(_state.Time.GetUtcNow().AddDays(1));
        var before = new LocalWorkQueue(_database, ahead);
        await before.SendAsync(Queue, [Some.Body("late")], TimeSpan.FromSeconds(10), Token);
        var ledger = new LocalLedger(_database);
        var submission = Some.Submission() with
        {
            State = SubmissionState.Posting,
            PostedAt = ahead.GetUtcNow().AddSeconds(-3),
            DueAt = ahead.GetUtcNow().AddSeconds(10),
        };
        await ledger.CreateSubmissionAsync(submission, Some.Inputs(submission), Token);
        await before.ReleaseOrphansAsync(Token);

        await _queue.ReleaseOrphansAsync(Token);

        Assert.Empty((await _queue.ReceiveAsync(Queue, 1, Visibility, Token)).Messages);
        var now = _state.Time.GetUtcNow();
        var after = await ledger.GetSubmissionAsync(submission.SubmissionId, Token);
        Assert.Equal((now.AddSeconds(-3), now.AddSeconds(10)), (after!.PostedAt, after.DueAt));
        Assert.NotEqual((await ledger.UpdateSubmissionAsync(after, Token))!.Version, after.Version);
        _state.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Single((await _queue.ReceiveAsync(Queue, 1, Visibility, Token)).Messages);
    }

    [Fact]
    public async Task AnExtendedLeaseLasts()
    {
        await SendAsync(1);
        var message = await ReceiveAsync();
        _state.Time.Advance(Visibility * 0.9);

        Assert.Empty(await _queue.ExtendAsync([message], Visibility, Token));
        _state.Time.Advance(Visibility * 0.9);

        Assert.Empty((await _queue.ReceiveAsync(Queue, 1, Visibility, Token)).Messages);
        Assert.True(await _queue.CompleteAsync(message, Token));
    }

    [Fact]
    public async Task AnAbandonedMessageComesBackAfterItsDelayWithItsErrorAndCount()
    {
        await SendAsync(1);
        await _queue.AbandonAsync(await ReceiveAsync(), TimeSpan.FromSeconds(5), "Nimble said 503.", Token);
        Assert.False(await _queue.HasVisibleAsync(Queue, Token));

        _state.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.True(await _queue.HasVisibleAsync(Queue, Token));
        var again = await ReceiveAsync();
        Assert.Equal((2, "Nimble said 503."), (again.DequeueCount, again.Error));
    }

    [Fact]
    public async Task ADelayOfMoreThanSevenDaysIsShortenedToSeven()
    {
        await _queue.SendAsync(Queue, [Some.Body("a")], TimeSpan.MaxValue, Token);
        _state.Time.Advance(TimeSpan.FromDays(7));
        Assert.True(await _queue.AbandonAsync(await ReceiveAsync(), TimeSpan.MaxValue, "later", Token));
        Assert.False(await _queue.HasVisibleAsync(Queue, Token));
        _state.Time.Advance(TimeSpan.FromDays(7));
        Assert.True(await _queue.HasVisibleAsync(Queue, Token));
    }

    [Fact]
    public async Task AReleasedMessageIsDeliveredAtOnceAndTheDeliveryDoesNotCount()
    {
        await SendAsync(1);

        for (var i = 0; i < 10; i++)
        {
            var message = await ReceiveAsync();
            Assert.Equal(1, message.DequeueCount);
            Assert.True(await _queue.ReleaseAsync(message, Token));
        }
    }

    [Fact]
    public async Task InsteadOfASixthDeliveryAMessageGoesToThePoisonQueueWithItsLastError()
    {
        await SendAsync(1);
        for (var i = 1; i <= 5; i++)
            await _queue.AbandonAsync(await ReceiveAsync(), TimeSpan.Zero, $"error {i}", Token);

        var delivery = await _queue.ReceiveAsync(Queue, 1, Visibility, Token);

        Assert.Empty(delivery.Messages);
        Assert.Equal("error 5", Assert.Single(delivery.Poisoned).Error);
        Assert.Equal("error 5", Assert.Single(await _queue.GetPoisonAsync(Queue, 10, Token)).Error);
        Assert.Equal(new QueueCounts(0, 0, 1), (await _queue.CountAsync(Token))[Queue]);
    }

    [Fact]
    public async Task ADeadLetteredMessageKeepsItsReason()
    {
        await SendAsync(1);

        Assert.True(await _queue.DeadLetterAsync(await ReceiveAsync(), "It cannot be read.", Token));

        var poison = Assert.Single(await _queue.GetPoisonAsync(Queue, 10, Token));
        Assert.Equal("It cannot be read.", poison.Error);
        Assert.Equal(Some.Body("0").ToArray(), poison.Body.ToArray());
    }

    [Fact]
    public async Task CountsDistinguishVisibleInvisibleAndPoison()
    {
        await SendAsync(4);
        await _queue.SendAsync(Queue, [Some.Body("later")], TimeSpan.FromMinutes(1), Token);
        await _queue.DeadLetterAsync(await ReceiveAsync(), "bad", Token);
        await ReceiveAsync();
        await _queue.SendAsync(QueueNames.Submissions, [Some.Body("a")], TimeSpan.Zero, Token);

        var counts = await _queue.CountAsync(Token);

        Assert.Equal(new QueueCounts(2, 2, 1), counts[Queue]);
        Assert.Equal(new QueueCounts(1, 0, 0), counts[QueueNames.Submissions]);
    }

    [Fact]
    public async Task MessagesOfAnEndedProcessAreFreeAtOnceAndTheDeliveryDoesNotCount()
    {
        await SendAsync(3);
        var ended = new LocalWorkQueue(
            _database, _state.Time, string.Join('/', ProcessOwner.Current.Split('/')[..3]) + "/1");
        var stale = Assert.Single((await ended.ReceiveAsync(Queue, 1, Visibility, Token)).Messages);
        var mine = await ReceiveAsync();

        Assert.Equal(1, await _queue.ReleaseOrphansAsync(Token));

        var messages = (await _queue.ReceiveAsync(Queue, 10, Visibility, Token)).Messages;
        Assert.Equal(2, messages.Count);
        Assert.Equal(1, Assert.Single(messages, message => message.Id == stale.Id).DequeueCount);
        Assert.DoesNotContain(messages, message => message.Id == mine.Id);
        Assert.False(await ended.CompleteAsync(stale, Token));
    }

    [Fact]
    public async Task AWaiterIsWokenByASend()
    {
        var waiting = _queue.WaitAsync(Queue, Token);
        Assert.False(waiting.IsCompleted);

        await SendAsync(1);

        await waiting.WaitAsync(Patience.Limit, Token);
        // A send before the wait also ends it: there is a message to receive.
        await _queue.WaitAsync(Queue, Token).WaitAsync(Patience.Limit, Token);
    }

    [Fact]
    public async Task AWaiterIsWokenWhenADelayedMessageIsDue()
    {
        await _queue.SendAsync(Queue, [Some.Body("later")], TimeSpan.FromMilliseconds(100), Token);
        // The send itself wakes one waiter.
        await _queue.WaitAsync(Queue, Token);
        var waiting = _queue.WaitAsync(Queue, Token);
        Assert.False(waiting.IsCompleted);

        _state.Time.Advance(TimeSpan.FromMilliseconds(100));

        await waiting.WaitAsync(Patience.Limit, Token);
    }

    private Task SendAsync(int count) =>
        _queue.SendAsync(Queue, [.. Enumerable.Range(0, count).Select(i => Some.Body($"{i}"))], TimeSpan.Zero, Token);

    private async Task<LocalMessage> ReceiveAsync() =>
        Assert.Single((await _queue.ReceiveAsync(Queue, 1, Visibility, Token)).Messages);
}
