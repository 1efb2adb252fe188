using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Callback;
using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Tests.Support;
using Status = Pipeline.Functions.Tests.Host.Protocol.StatusResult.Types.Status;

namespace Pipeline.Functions.Tests;

/// <summary>Invokes functions without a queue trigger, each on its own.</summary>
public abstract class FunctionSuite(Servers? azure) : FunctionsStoreSuite(azure)
{
    private const string Task = "8e8cfde8-345b-42b8-b3e2-0c61eb11e00f";

    [Fact]
    [Trait("Promise", "3")]
    public async Task ACallbackIsAnsweredByItsTokenAndBody()
    {
        await using var app = await StartAsync();
        if (app.Listener is not null)
            await app.Listener.StopAsync();
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
        var delivery = await app.Receiver.ReceiveAsync(
            QueueNames.Results, 32, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        var message = JsonElement.Parse(Encoding.UTF8.GetString(Assert.Single(delivery.Messages).Body.Span));
        Assert.Equal(Task, message.GetProperty("task_id").GetString());
        Assert.StartsWith("00-", message.GetProperty("trace_parent").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(app.Host.Logs, line => line.Contains(url.Segments[^1], StringComparison.Ordinal));
    }

    [Fact]
    public async Task AStoppedSweepIsNotAFailure()
    {
        await using var app = await StartAsync();

        Assert.Equal(
            Status.Success, (await app.Host.InvokeTimerAsync("Sweep", new CancellationToken(canceled: true))).Status);
    }
}
