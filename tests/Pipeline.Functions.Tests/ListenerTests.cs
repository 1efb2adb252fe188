using System.Text;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Moq;
using Pipeline.Functions.Tests.Host;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Tests.Support;
using Status = Pipeline.Functions.Tests.Host.Protocol.StatusResult.Types.Status;

namespace Pipeline.Functions.Tests;

/// <summary>What the host's queue listener and log do with the app where that is surprising.</summary>
public sealed class ListenerTests(Servers servers)
{
    private const string Message =
        """{"submission_id":"l-000000","task_id":"t-1","learnt":"Webhook","since":"2026-01-01T00:00:00Z"}""";

    private readonly Mock<ILedger> _ledger = new();
    private int _reads;

    [Fact]
    public async Task TheListenerWorksWithTheSettingsOfHostJson()
    {
        await using var host = await FunctionsHost.StartAsync();
        await using var listener = QueueListener.Build(
            host, "UseDevelopmentStorage=true", new() { Changes = new Dictionary<string, string>() });

        var options = listener.Options;
        Assert.Equal((24, 8), (options.BatchSize, options.NewBatchThreshold));
        Assert.Equal(Tries.Max, options.MaxDequeueCount);
        Assert.Equal(TimeSpan.FromSeconds(30), options.VisibilityTimeout);
        Assert.Equal("None", options.MessageEncoding.ToString());
        Assert.All(
            [
                StageTimeLimits.Intake + StageTimeLimits.PostAfterIntake, StageTimeLimits.Submit,
                StageTimeLimits.Collect, StageTimeLimits.Notify, StageTimeLimits.Export, StageTimeLimits.Sweep,
            ],
            limit => Assert.InRange(limit, TimeSpan.Zero, listener.FunctionTimeout - TimeSpan.FromMinutes(1)));
    }

    [Fact]
    [Trait("Needs", "servers")]
    public async Task AMessageArrivesWithItsBodyInBase64AndANewReceiptForEachDelivery()
    {
        OnRead(read => read == 1 ? throw new InvalidOperationException("once") : Task.CompletedTask);
        await using var app = await StartAsync(
            new ListenerOptions { Functions = ["Collect"] }
                .With("extensions:queues:visibilityTimeout", "00:00:00"));

        var first = await app.DeliverAsync(QueueNames.Results, Message);
        var second = await app.Host.WaitForDeliveryAsync(d => d.Id == first.Id && d.DequeueCount == 2);

        Assert.Equal((Status.Failure, Status.Success), (first.Result, second.Result));
        Assert.Equal(Message, Encoding.UTF8.GetString(first.Message.GetProperty("Body").GetBytesFromBase64()));
        Assert.NotEqual(first.Receipt, second.Receipt);
        await app.Listener.StopAsync();
        Assert.Equal(0, await app.CountMessagesAsync(QueueNames.Results));
    }

    [Fact]
    [Trait("Needs", "servers")]
    public async Task WhatTheHostDeadLettersItselfExpiresAfterSevenDaysAndReachesItsFunction()
    {
        OnRead(read => read == 1 ? throw new InvalidOperationException("always") : Task.CompletedTask);
        await using var app = await StartAsync(
            new ListenerOptions { Functions = ["Collect", "DeadLetterResults"] }
                .With("extensions:queues:maxDequeueCount", "1"));

        Assert.Equal(Status.Failure, (await app.DeliverAsync(QueueNames.Results, Message)).Result);

        var dead = await app.Host.WaitForDeliveryAsync(d => d.Function == "DeadLetterResults");
        Assert.Equal(Status.Success, dead.Result);
        Assert.Equal(TimeSpan.FromDays(7), dead.Time("ExpiresOn") - dead.Time("InsertedOn"));
    }

    [Fact]
    [Trait("Needs", "servers")]
    public async Task WhatTheAppDeadLettersItselfNeverExpires()
    {
        await using var app = await StartAsync(new() { Functions = ["Collect", "DeadLetterResults"] });

        await app.DeliverAsync(QueueNames.Results, "not ours");

        var dead = await app.Host.WaitForDeliveryAsync(d => d.Function == "DeadLetterResults");
        Assert.Equal(9999, dead.Time("ExpiresOn").Year);
    }

    [Fact]
    [Trait("Needs", "servers")]
    public async Task AFailingDeadLetterFunctionComesAgainAfterTheLeaseOfTenMinutes()
    {
        OnRead(_ => throw PipelineException.Transient(FailureReasons.Unavailable, "busy"));
        await using var app = await StartAsync(new() { Functions = ["DeadLetterSubmissions"] });
        var poison = QueueNames.Submissions + QueueNames.PoisonSuffix;
        var before = TimeProvider.System.GetUtcNow();

        var delivery = await app.DeliverAsync(poison, """{"submission_id":"l-000000"}""");

        Assert.Equal(Status.Failure, delivery.Result);
        Assert.InRange(delivery.Time("NextVisibleOn"), before.AddMinutes(9), before.AddMinutes(11));
        // The listener neither deletes the message nor makes it visible earlier.
        await app.Listener.StopAsync();
        Assert.Equal(1, await app.CountMessagesAsync(poison));
        var received = await (await app.QueueAsync(poison)).ReceiveMessagesAsync(
            32, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(received.Value);
    }

    [Fact]
    [Trait("Needs", "servers")]
    public async Task AtMostABatchRunsAndAStopCancelsItAtOnceAndGivesItBackUnchanged()
    {
        const int batch = 24;
        OnRead(_ => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, TestContext.Current.CancellationToken));
        var account = await servers.AzureAsync();
        var queue = account.Open().Queues.GetQueueClient(QueueNames.Results);
        await queue.CreateAsync(cancellationToken: TestContext.Current.CancellationToken);
        for (var i = 0; i < batch + 8; i++)
            await queue.SendMessageAsync(Message, TestContext.Current.CancellationToken);
        await using var app = await StartAsync(new() { Functions = ["Collect"] }, account);
        await app.Host.WaitUntilAsync(() => Volatile.Read(ref _reads) == batch);

        await app.Listener.StopAsync();

        Assert.Equal(Enumerable.Repeat<Status?>(Status.Success, batch), app.Host.Deliveries.Select(d => d.Result));
        var back = new List<QueueMessage>();
        while ((await queue.ReceiveMessagesAsync(32, cancellationToken: TestContext.Current.CancellationToken)).Value
            is { Length: > 0 } some)
            back.AddRange(some);
        Assert.Equal(batch + 8, back.Count);
        Assert.All(back, message => Assert.Equal((Message, 1), (message.MessageText, message.DequeueCount)));
    }

    [Fact]
    [Trait("Needs", "servers")]
    public async Task OnlyLinesOfAnInvocationReachTheHostsLog()
    {
        await using var app = await StartAsync(new() { Functions = ["Collect"] });
        app.Services.GetRequiredService<ILogger<ListenerTests>>().LogWarning("said outside");

        await app.DeliverAsync(QueueNames.Results, "not ours");

        await app.Host.WaitForLogAsync("Queue results holds a message that the pipeline did not send");
        Assert.Contains(app.Host.DroppedLogs, line => line.Contains("said outside", StringComparison.Ordinal));
        Assert.DoesNotContain(app.Host.Logs, line => line.Contains("said outside", StringComparison.Ordinal));
    }

    private void OnRead(Func<int, Task> before) =>
        _ledger.Setup(l => l.GetSubmissionAsync("l-000000", It.IsAny<CancellationToken>()))
            .Returns(async (string _, CancellationToken token) =>
            {
                await before(Interlocked.Increment(ref _reads)).WaitAsync(token);
                return null;
            });

    private async Task<FunctionsApp> StartAsync(
        ListenerOptions listener, AzuriteAccount? account = null) => await FunctionsApp.StartAsync(new()
    {
        Azure = account ?? await servers.AzureAsync(),
        Listener = listener,
        ReplacePorts = services => services.AddSingleton(_ledger.Object),
    });
}
