using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Model;
using Pipeline.Notify;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Stores.Local.Queues;
using Pipeline.Tests.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Notify;

/// <summary>How long a notification is tried, and what happens to one that is never accepted.</summary>
public sealed class NotifyStageTests : IAsyncLifetime
{
    private const string Poison = QueueNames.Notifications + QueueNames.PoisonSuffix;

    private readonly LocalState _state = new();
    private LocalWorkQueue _queue = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private FakeTimeProvider Time => _state.Time;

    public async ValueTask InitializeAsync() => _queue = new(await _state.OpenAsync(), Time);

    public ValueTask DisposeAsync() => _state.DisposeAsync();

    [Fact]
    [Trait("Promise", "7")]
    public async Task AReceiverThatComesBackGetsTheSameEventAfterACrashToo()
    {
        await using var server = await TestServer.StartAsync(
            TestServer.Json("", 500), TestServer.Json("", 503), TestServer.Json(""));
        await QueueEventAsync();
        await StepAsync(server);
        _state.Crash();
        _queue = new(await _state.OpenAsync(), Time);
        await PassAsync(server, TimeSpan.FromMinutes(1));

        Assert.Equal(3, server.Seen.Count);
        Assert.Single(server.Seen.Select(request => Encoding.UTF8.GetString(request.Body)).Distinct());
        Assert.Single(server.Seen.Select(request => request.Headers["webhook-id"]).Distinct());
        Assert.Equal(3, server.Seen.Select(request => request.Headers["webhook-timestamp"]).Distinct().Count());
        Assert.Equal((0, 0), await CountAsync());
    }

    [Fact]
    public async Task AnEventIsTriedForADayAtGrowingDistancesAndThenGivenUp()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("", 500));
        await QueueEventAsync();
        await PassAsync(server, TimeSpan.FromHours(23));
        Assert.Equal((1, 0), await CountAsync());
        var tries = server.Seen.Count;

        await PassAsync(server, TimeSpan.FromHours(2));

        Assert.InRange(tries, 25, 45);
        Assert.InRange(server.Seen.Count, tries + 1, tries + 3);
        Assert.Equal((0, 1), await CountAsync());
        var dead = Assert.Single((await Undelivered(server).ReadAsync(Token)).Dead);
        Assert.Equal(server.Seen.Count, dead.Tries);
        Assert.StartsWith(
            $"http://127.0.0.1:{server.Address.Port} answered 500.", dead.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AReceiverThatAsksForALongWaitIsTriedOnceMoreWhenTheDayIsOver()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("", 429, ("Retry-After", "9999999")));
        await QueueEventAsync();

        await PassAsync(server, TimeSpan.FromHours(25));

        Assert.Equal(2, server.Seen.Count);
        Assert.Equal((0, 1), await CountAsync());
    }

    [Fact]
    public async Task WhatWasGivenUpIsSentAgainAndStaysIfItFailsAgain()
    {
        await using var server = await TestServer.StartAsync(
            TestServer.Json("", 410), TestServer.Json("", 410), TestServer.Json("", 500), TestServer.Json(""),
            TestServer.Json(""));
        await QueueEventAsync("a");
        await QueueEventAsync("b");
        await StepAsync(server);
        Assert.Equal((0, 2), await CountAsync());

        Assert.Equal([false, true], await SendAgainAsync(server));
        Assert.Equal((0, 1), await CountAsync());
        Assert.Equal([true], await SendAgainAsync(server));

        Assert.Equal((0, 0), await CountAsync());
        Assert.Empty(await SendAgainAsync(server));
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task AMessageThatIsNoEventIsRefusedAndNothingIsSent()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json(""));
        string[] forged =
        [
            "[]", "{}", """{"id":"a\r\nx: y","event":"{}","since":"2026-01-01T00:00:00Z"}""",
            """{"id":"a","event":"","since":"2026-01-01T00:00:00Z"}""",
            """{"id":"a","event":"{}","since":"1999-01-01"}""",
        ];

        foreach (var body in forged)
            Assert.True(
                (await Assert.ThrowsAsync<PipelineException>(
                    () => Stage(server).HandleAsync(Some.Body(body), Token))).IsPermanent);

        Assert.Empty(server.Seen);
    }

    private Task QueueEventAsync(string listId = "list") => _queue.SendAsync(
        Events.Of(Some.Manifest(listId), "https://store.example/a.json", Time.GetUtcNow()), TimeSpan.Zero, Token);

    private async Task<(long Waiting, long Dead)> CountAsync() =>
        (await _queue.CountAsync(QueueNames.Notifications, Token), await _queue.CountAsync(Poison, Token));

    private async Task<IReadOnlyList<bool>> SendAgainAsync(TestServer server) =>
        await Undelivered(server).SendAgainAsync(Token).Select(sent => sent.Error is null).ToListAsync(Token);

    /// <summary>Lets time pass in small steps and handles whatever is due.</summary>
    private async Task PassAsync(TestServer server, TimeSpan time)
    {
        for (var end = Time.GetUtcNow() + time; Time.GetUtcNow() < end; Time.Advance(time / 500))
            await StepAsync(server);
    }

    private async Task StepAsync(TestServer server)
    {
        while (await _queue.ReceiveAsync(QueueNames.Notifications, 1, TimeSpan.FromMinutes(2), Token)
            is { Messages: [var message] })
        {
            await Stage(server).HandleAsync(message.Body, Token);
            await _queue.CompleteAsync(message, Token);
        }
    }

    private NotifyStage Stage(TestServer server) =>
        new(Receiver(server), _queue, Time, NullLogger<NotifyStage>.Instance);

    private UndeliveredNotifications Undelivered(TestServer server) => new(_queue, _queue, Receiver(server));

    private Receiver Receiver(TestServer server) => new(
        ReceiverHttp.CreateClient(allowPrivate: true, Dns.GetHostAddressesAsync),
        Microsoft.Extensions.Options.Options.Create(new PipelineOptions
        {
            Notify = { Url = server.Address.AbsoluteUri, Secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" },
        }),
        Time);
}
