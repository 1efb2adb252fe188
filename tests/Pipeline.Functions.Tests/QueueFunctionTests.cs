using System.Text;
using System.Text.Json;
using Pipeline.Functions.Tests.Host;
using Pipeline.Model;
using Pipeline.Tests.Support;
using Status = Pipeline.Functions.Tests.Host.Protocol.StatusResult.Types.Status;

namespace Pipeline.Functions.Tests;

/// <summary>Functions with a queue trigger, each on its own behind the host's queue listener.</summary>
[Trait("Needs", "servers")]
public sealed class QueueFunctionTests(Servers servers)
{
    private const string Task = "8e8cfde8-345b-42b8-b3e2-0c61eb11e00f";

    [Fact]
    public async Task AListInBase64IsAccepted()
    {
        await using var app = await StartAsync("Intake");

        var delivery = await app.DeliverAsync(
            QueueNames.UrlLists, Convert.ToBase64String("http://sample.test/sample/generated/1\n"u8));

        Assert.Equal(Status.Success, delivery.Result);
        var message = Assert.Single(await ReceiveAsync(app, QueueNames.Submissions));
        var inputs = await app.Ledger.GetInputsAsync(
            message.GetProperty("submission_id").GetString()!, TestContext.Current.CancellationToken);
        Assert.Equal("http://sample.test/sample/generated/1", Assert.Single(inputs).Url);
    }

    [Fact]
    public async Task AnUnreadableListIsDeadLetteredAtItsFirstTryAndTheLogSaysWhy()
    {
        await using var app = await StartAsync("Intake");

        var delivery = await app.DeliverAsync(QueueNames.UrlLists, "{\"source\":\"s3://elsewhere/list.txt\"}");

        Assert.Equal((Status.Success, 1), (delivery.Result, delivery.DequeueCount));
        var message = Assert.Single(await ReceiveAsync(app, QueueNames.UrlLists + QueueNames.PoisonSuffix));
        Assert.Equal("s3://elsewhere/list.txt", message.GetProperty("source").GetString());
        await app.Host.WaitForLogAsync("poison queue after try 1: ", "s3://elsewhere/list.txt");
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task TheInputsOfADeadLetteredSubmissionFailAndItsListCloses()
    {
        await using var app = await StartAsync("Intake", "DeadLetterSubmissions");
        var token = TestContext.Current.CancellationToken;
        var intake = await app.DeliverAsync(
            QueueNames.UrlLists, """{"list_id":"l","inputs":[{"url":"http://a.test/"},{"url":"http://b.test/"}]}""");
        Assert.Equal(Status.Success, intake.Result);

        var deadLetter = await app.DeliverAsync(
            QueueNames.Submissions + QueueNames.PoisonSuffix, """{"submission_id":"l-000000"}""");
        Assert.Equal(Status.Success, deadLetter.Result);
        Assert.Equal(Status.Success, (await app.Host.InvokeTimerAsync("Sweep", token)).Status);

        Assert.Equal(2, await app.CountAsync("failures"));
        Assert.Equal(ListState.Closed, (await app.Ledger.GetListAsync("l", token))!.State);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task AnUnreadableMessageOfAPoisonQueueIsDeleted()
    {
        string[] queues = [QueueNames.UrlLists, QueueNames.Submissions, QueueNames.Results, QueueNames.Exports];
        await using var app = await StartAsync();

        foreach (var queue in queues.Select(queue => queue + QueueNames.PoisonSuffix))
            Assert.Equal(Status.Success, (await app.DeliverAsync(queue, "not ours")).Result);

        // The listener waits for what it is deleting.
        await app.Listener.StopAsync();
        foreach (var queue in queues.Select(queue => queue + QueueNames.PoisonSuffix))
            Assert.Equal(0, await app.CountMessagesAsync(queue));
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task AMessageOfAnotherSenderEndsAloneAndOnce()
    {
        await using var app = await StartAsync("Collect");

        Assert.Equal(Status.Success, (await app.DeliverAsync(QueueNames.Results, """{"nonsense":true}""")).Result);
        var message = Assert.Single(await ReceiveAsync(app, QueueNames.Results + QueueNames.PoisonSuffix));
        Assert.True(message.GetProperty("nonsense").GetBoolean());
        await app.Host.WaitForLogAsync("Queue results holds a message that the pipeline did not send");
        var unknown = await app.DeliverAsync(
            QueueNames.Results,
            $$"""{"submission_id":"unknown","task_id":"{{Task}}","learnt":"Webhook","since":"2026-01-01T00:00:00Z"}""");
        Assert.Equal(Status.Success, unknown.Result);
        Assert.Equal(0, await app.CountAsync("failures"));
    }

    private async Task<FunctionsApp> StartAsync(params string[] functions) => await FunctionsApp.StartAsync(new()
    {
        Azure = await servers.AzureAsync(),
        Listener = new() { Functions = functions },
    });

    private static async Task<IReadOnlyList<JsonElement>> ReceiveAsync(FunctionsApp app, string queue)
    {
        var delivery = await app.Receiver.ReceiveAsync(
            queue, 32, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        return [.. delivery.Messages.Select(m => JsonElement.Parse(Encoding.UTF8.GetString(m.Body.Span)))];
    }
}
