using System.Text;
using System.Text.Json;
using Pipeline.Callback;
using Pipeline.Delivery;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Tests.Collect;
using Pipeline.Tests.Submit;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// Results, webhooks, replies and messages contain URLs of a server of the test. The pipeline handles all of them and
/// never sends that server a request.
/// </summary>
[Trait("Promise", "6")]
public sealed class DereferenceTests
{
    private const string SubmissionId = "list-000000";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NoUrlOfAReplyResultWebhookOrMessageIsRequested()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("{}"));
        await using var world = await CollectWorld.StartAsync(
            options => NameUrls(options, server),
            api => api.Answer = (_, _) => Answer(server),
            CollectWorld.Url(0), CollectWorld.Url(1), CollectWorld.Url(2));
        world.EndBatch([.. Enumerable.Range(0, 3).Select(task => TaskOf(server, task))]);
        for (var task = 0; task < 3; task++)
            world.Api[$"/v1/tasks/t-1-{task}"] = $$"""{"task":{{TaskOf(server, task)}},{{Urls(server, "task")}} }""";

        // The first result comes by webhook and from the bucket, the second by a message, the third from the API.
        await DeliverAsync(world.World, 0, Result(server, 0));
        var urls = Urls(server, "webhook");
        await CallBackAsync(world.World, $$"""{"task":{"id":"t-1-0",{{urls}} },{{urls}} }""");
        await world.CollectAsync();
        await DeliverAsync(world.World, 1, Result(server, 1));
        await SendAsync(world.World, "t-1-1", Urls(server, "message"));
        await world.CollectAsync();
        world.Api["/v1/tasks/t-1-2/results"] = Result(server, 2);
        await world.PassAsync(TimeSpan.FromMinutes(15));

        Assert.Equal(3, world.Records.Count);
        Assert.All(world.Records, record => Assert.Contains("/data/download_url", record.GetRawText()));
        Assert.Empty(server.Seen);
    }

    [Theory]
    [InlineData("""{"source":"URL/list"}""")]
    [InlineData("""{"inputs":["https://a.example/1"],"shared_inputs":{"storage_url":"URL/storage"}}""")]
    [InlineData("""{"inputs":["https://a.example/1"],"shared_inputs":{"callback_url":"URL/callback"}}""")]
    [InlineData("""{"inputs":["https://a.example/1"],"status_url":"URL/status"}""")]
    public async Task NoUrlOfAListExceptItsInputsIsRequested(string list)
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("{}"));
        await using var world = await SubmitWorld.StartAsync();
        var message = list.Replace("URL", server.Address.AbsoluteUri.TrimEnd('/'), StringComparison.Ordinal);

        var refused = await Record.ExceptionAsync(
            () => world.Service<IntakeStage>().HandleAsync(Encoding.UTF8.GetBytes(message), Token)
        );
        await world.WorkAsync();

        Assert.True(refused is null or PipelineException { IsPermanent: true }, $"{refused}");
        Assert.Empty(server.Seen);
    }

    private static void NameUrls(PipelineOptions options, TestServer server)
    {
        options.Delivery.CallbackBase = new(server.Address, "callbacks/");
        options.Delivery.CallbackKeys.Add(Convert.ToBase64String(new byte[32]));
    }

    /// <summary>A URL for each member name that could tempt a reader; its path says where it was.</summary>
    private static string Urls(TestServer server, string place) =>
        string.Join(
            ',',
            new[] { "download_url", "status_url", "output_url", "result_url", "next_url" }.Select(name =>
                $"\"{name}\":\"{server.Address}{place}/{name}\""
            )
        );

    private static string Answer(TestServer server) =>
        $$"""{"batch_id":"b-1","tasks":[{"id":"t-1-0",{{Urls(server, "answer")}} }],{{Urls(server, "answer")}} }""";

    private static string TaskOf(TestServer server, int task) =>
        $$"""
        {"id":"t-1-{{task}}","state":"success","batch_id":"b-1","input":{{CollectWorld.Url(task)}},
        {{Urls(server, "task")}} }
        """;

    private static string Result(TestServer server, int task) =>
        $$"""
        {"task_id":"t-1-{{task}}","status":"success",{{Urls(server, "result")}},
        "data":{"html":"<img src='{{server.Address}}page/image'>",{{Urls(server, "data")}} },
        "metadata":{ {{Urls(server, "metadata")}} } }
        """;

    /// <summary>Puts a result under the secret prefix that the submission was posted with.</summary>
    private static async Task DeliverAsync(SubmitWorld world, int task, string result)
    {
        var submission = await world.Ledger.GetSubmissionAsync(SubmissionId, Token);
        var uri = ObjectUri.Parse($"{submission!.StorageUrl}t-1-{task}.json");
        await world.Bucket.WriteAsync(uri, new MemoryStream(Encoding.UTF8.GetBytes(result)), Token);
    }

    private static async Task CallBackAsync(SubmitWorld world, string body)
    {
        var token = world.Service<CallbackTokens>().UrlFor(SubmissionId)!.Segments[^1];
        var answer = await world.Service<CallbackStage>().HandleAsync(
            SubmissionId, token, new MemoryStream(Encoding.UTF8.GetBytes(body)), Token);
        Assert.Equal(CallbackAnswer.Accepted, answer);
    }

    private static Task SendAsync(SubmitWorld world, string taskId, string urls)
    {
        var since = JsonSerializer.Serialize(world.State.Time.GetUtcNow());
        var message = Encoding.UTF8.GetBytes(
            $$"""
            {"submission_id":"{{SubmissionId}}","task_id":"{{taskId}}","learnt":"Webhook","since":{{since}},{{urls}} }
            """);
        return world.Service<IWorkQueue>().SendAsync(QueueNames.Results, [message], TimeSpan.Zero, Token);
    }
}
