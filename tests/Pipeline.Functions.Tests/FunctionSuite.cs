using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Callback;
using Pipeline.Delivery;
using Pipeline.Functions.Tests.Host;
using Pipeline.Model;
using Pipeline.Tests.Support;
using Status = Pipeline.Functions.Tests.Host.Protocol.StatusResult.Types.Status;

namespace Pipeline.Functions.Tests;

/// <summary>Invokes each function on its own over the worker protocol.</summary>
public abstract class FunctionSuite(Servers? azure) : FunctionsStoreSuite(azure)
{
    private const string Task = "8e8cfde8-345b-42b8-b3e2-0c61eb11e00f";

    [Fact]
    [Trait("Promise", "3")]
    public async Task ACallbackIsAnsweredByItsTokenAndBody()
    {
        await using var app = await StartAsync();
        var url = app.Services.GetRequiredService<CallbackTokens>().UrlFor("list-000000")!;
        using var http = new HttpClient();
        async Task<HttpStatusCode> PostAsync(Uri address, string body) =>
            (await http.PostAsync(address, new StringContent(body), TestContext.Current.CancellationToken)).StatusCode;
        var body = $$$"""{"task":{"id":"{{{Task}}}","state":"success"}}""";

        Assert.Equal(HttpStatusCode.Accepted, await PostAsync(url, body));
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            await PostAsync(
                new(url.AbsoluteUri.Replace("list-000000", "list-000001", StringComparison.Ordinal)), body));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(url, "not JSON"));
        Assert.Equal(
            HttpStatusCode.RequestEntityTooLarge,
            await PostAsync(url, new string(' ', CallbackBodyReader.MaxBytes + 1)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await PostAsync(url, new string(' ', 50_000_000)));
        Assert.Equal(
            HttpStatusCode.NotFound, (await http.GetAsync(url, TestContext.Current.CancellationToken)).StatusCode);
        var message = Assert.Single(await ReceiveAsync(app, QueueNames.Results));
        Assert.Equal(Task, message.GetProperty("task_id").GetString());
        Assert.StartsWith("00-", message.GetProperty("trace_parent").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(app.Host.Logs, line => line.Contains(url.Segments[^1], StringComparison.Ordinal));
    }

    [Fact]
    public async Task AListInBase64IsAccepted()
    {
        await using var app = await StartAsync();

        var result = await app.Host.InvokeQueueAsync(
            "Intake", Convert.ToBase64String("http://sample.test/sample/generated/1\n"u8));

        Assert.Equal(Status.Success, result.Status);
        var message = Assert.Single(await ReceiveAsync(app, QueueNames.Submissions));
        var inputs = await app.Ledger.GetInputsAsync(
            message.GetProperty("submission_id").GetString()!, TestContext.Current.CancellationToken);
        Assert.Equal("http://sample.test/sample/generated/1", Assert.Single(inputs).Url);
    }

    [Fact]
    public async Task AnUnreadableListIsDeadLetteredAtItsFirstTryAndTheLogSaysWhy()
    {
        await using var app = await StartAsync();

        Assert.Equal(
            Status.Success,
            (await app.Host.InvokeQueueAsync("Intake", "{\"source\":\"s3://elsewhere/list.txt\"}")).Status);

        var message = Assert.Single(await ReceiveAsync(app, QueueNames.UrlLists + QueueNames.PoisonSuffix));
        Assert.Equal("s3://elsewhere/list.txt", message.GetProperty("source").GetString());
        await app.Host.WaitForLogAsync("poison queue after try 1: ", "s3://elsewhere/list.txt");
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task TheInputsOfADeadLetteredSubmissionFailAndItsListCloses()
    {
        await using var app = await StartAsync();
        var token = TestContext.Current.CancellationToken;
        Assert.Equal(
            Status.Success,
            (
                await app.Host.InvokeQueueAsync(
                    "Intake",
                    """{"list_id":"l","inputs":[{"url":"http://a.test/"},{"url":"http://b.test/"}]}""")).Status);

        Assert.Equal(
            Status.Success,
            (await app.Host.InvokeQueueAsync("DeadLetterSubmissions", """{"submission_id":"l-000000"}""")).Status);
        Assert.Equal(Status.Success, (await app.Host.InvokeTimerAsync("Sweep", token)).Status);

        Assert.Equal(2, await app.CountAsync("failures"));
        Assert.Equal(ListState.Closed, (await app.Ledger.GetListAsync("l", token))!.State);
    }

    [Theory]
    [InlineData("DeadLetterUrlLists")]
    [InlineData("DeadLetterSubmissions")]
    [InlineData("DeadLetterResults")]
    [Trait("Promise", "9")]
    public async Task AnUnreadableMessageOfAPoisonQueueIsDeleted(string function)
    {
        await using var app = await StartAsync();

        Assert.Equal(Status.Success, (await app.Host.InvokeQueueAsync(function, "not ours")).Status);
    }

    [Fact]
    [Trait("Promise", "9")]
    public async Task AMessageOfAnotherSenderEndsAloneAndOnce()
    {
        await using var app = await StartAsync();

        Assert.Equal(Status.Success, (await app.Host.InvokeQueueAsync("Collect", """{"nonsense":true}""")).Status);
        var message = Assert.Single(await ReceiveAsync(app, QueueNames.Results + QueueNames.PoisonSuffix));
        Assert.True(message.GetProperty("nonsense").GetBoolean());
        await app.Host.WaitForLogAsync("Queue results holds a message that the pipeline did not send");
        Assert.Equal(
            Status.Success,
            (
                await app.Host.InvokeQueueAsync(
                    "Collect",
                    $$"""{"submission_id":"unknown","task_id":"{{Task}}","learnt":"Webhook","since":"2026-01-01T00:"""
                        + """00:00Z"}""")).Status);
        Assert.Equal(0, await app.CountAsync("failures"));
    }

    [Fact]
    public async Task AStoppedSweepIsNotAFailure()
    {
        await using var app = await StartAsync();

        Assert.Equal(
            Status.Success, (await app.Host.InvokeTimerAsync("Sweep", new CancellationToken(canceled: true))).Status);
    }

    private static async Task<IReadOnlyList<JsonElement>> ReceiveAsync(FunctionsApp app, string queue)
    {
        var delivery = await app.Receiver.ReceiveAsync(
            queue, 32, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        return [.. delivery.Messages.Select(m => JsonElement.Parse(Encoding.UTF8.GetString(m.Body.Span)))];
    }
}
