using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Functions.Tests.Host;
using Pipeline.Intake;
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
        var submission = Assert.Single(await SubmissionsAsync(app));
        var inputs = await app.Ledger.GetInputsAsync(submission.SubmissionId, TestContext.Current.CancellationToken);
        Assert.Equal("http://sample.test/sample/generated/1", Assert.Single(inputs).Url);
    }

    [Fact]
    public async Task AListOfOneSubmissionIsPostedByIntakeAndItsMessageComesLater()
    {
        await using var app = await StartAsync("Intake");

        await app.DeliverAsync(QueueNames.UrlLists, "http://sample.test/sample/generated/1\nnot a URL\n");

        Assert.Equal(
            [SubmissionState.Accepted, SubmissionState.Closed], (await SubmissionsAsync(app)).Select(s => s.State));
        Assert.Equal(1, await app.CountMessagesAsync(QueueNames.Submissions));
        Assert.Empty(await ReceiveAsync(app, QueueNames.Submissions));
    }

    [Fact]
    public async Task TheSubmissionsOfALongerListComeByTheirMessages()
    {
        await using var app = await FunctionsApp.StartAsync(new()
        {
            Azure = await servers.AzureAsync(),
            Listener = new() { Functions = ["Intake"] },
            Settings = [("Pipeline:Intake:MaxInputsPerSubmission", "1")],
        });

        await app.DeliverAsync(QueueNames.UrlLists, "http://a.test/\nhttp://b.test/\n");

        Assert.All(
            await SubmissionsAsync(app), submission => Assert.Equal(SubmissionState.Planned, submission.State));
        Assert.Equal(2, (await ReceiveAsync(app, QueueNames.Submissions)).Count);
    }

    [Fact]
    public async Task AnUnreadableListIsDeadLetteredAtItsFirstTryAndTheLogSaysWhy()
    {
        await using var app = await StartAsync("Intake");

        var delivery = await app.DeliverAsync(QueueNames.UrlLists, "{\"source\":\"s3://elsewhere/list.txt\"}");

        Assert.Equal((Status.Success, 1), (delivery.Result, delivery.DequeueCount));
        var message = Assert.Single(await ReceiveAsync(app, QueueNames.UrlLists + QueueNames.PoisonSuffix));
        Assert.Equal("s3://elsewhere/list.txt", message.GetProperty("source").GetString());
        await app.Host.WaitForLogAsync("poison queue (attempt 1): ", "s3://elsewhere/list.txt");
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task TheInputsOfADeadLetteredSubmissionFailAndItsListCloses()
    {
        await using var app = await StartAsync("DeadLetterSubmissions");
        var token = TestContext.Current.CancellationToken;
        await app.Services.GetRequiredService<IntakeStage>().HandleAsync(
            """{"list_id":"l","inputs":[{"url":"http://a.test/"},{"url":"http://b.test/"}]}"""u8.ToArray(), token);

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

    /// <summary>Returns the submissions of the only list.</summary>
    private static async Task<IReadOnlyList<SubmissionEntry>> SubmissionsAsync(FunctionsApp app)
    {
        var token = TestContext.Current.CancellationToken;
        var list = await app.Ledger.GetOpenListsAsync(token).SingleAsync(token);
        return await app.Ledger.GetSubmissionsAsync(list.ListId, 0, token).ToListAsync(token);
    }

    private static async Task<IReadOnlyList<JsonElement>> ReceiveAsync(FunctionsApp app, string queue)
    {
        var delivery = await app.Receiver.ReceiveAsync(
            queue, 32, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        return [.. delivery.Messages.Select(m => JsonElement.Parse(Encoding.UTF8.GetString(m.Body.Span)))];
    }
}
