using System.Text;
using System.Text.Json;
using Pipeline.Collect;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Collect;

/// <summary>
/// An accepted submission with the real ledger, queue and sink, and an HTTP server in place of the API. Task
/// <c>t-1-0</c> works on the first input unless a test says otherwise.
/// </summary>
internal sealed class CollectWorld : IAsyncDisposable
{
    private readonly SubmitWorld _world;

    private CollectWorld(SubmitWorld world) => _world = world;

    /// <summary>The API's answers to GET by path; 404 for all other paths.</summary>
    public Dictionary<string, string> Api { get; } = new(StringComparer.Ordinal);

    public SubmitWorld World => _world;

    public IReadOnlyList<JsonElement> Records => Lines("records.ndjson");

    public IReadOnlyList<JsonElement> Failures => Lines("failures.ndjson");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Plans and posts a list with these inputs.</summary>
    public static Task<CollectWorld> StartAsync(Action<PipelineOptions>? change, params string[] inputs) =>
        StartAsync(change, prepare: _ => { }, inputs);

    /// <param name="change">Changes the settings.</param>
    /// <param name="prepare">Sets the API's answer to the POST.</param>
    /// <param name="inputs">The inputs, JSON objects.</param>
    public static async Task<CollectWorld> StartAsync(
        Action<PipelineOptions>? change, Action<SubmitWorld> prepare, params string[] inputs)
    {
        var world = new CollectWorld(await SubmitWorld.StartAsync(change));
        world._world.Get = path => world.Api.GetValueOrDefault(path);
        prepare(world._world);
        var list = $$"""{"list_id":"{{SubmitWorld.ListId}}","inputs":[{{string.Join(',', inputs)}}]}""";
        await world._world.Service<IntakeStage>().HandleAsync(Encoding.UTF8.GetBytes(list), Token);
        await world._world.WorkAsync();
        return world;
    }

    public static Task<CollectWorld> StartAsync(params string[] inputs) => StartAsync(change: null, inputs);

    public static string Url(int task) => $$"""{"url":"https://a.example/{{task + 1}}"}""";

    public static string Result(int task, string fields = "") =>
        $$"""{"task_id":"t-1-{{task}}","status":"success","data":{"html":"<p>{{task}}"},"status_code":200{{fields}}}""";

    /// <summary>Delivers an object for a task.</summary>
    public Task DeliverAsync(int task, string content, string name = "") =>
        DeliverAsync(task, Encoding.UTF8.GetBytes(content), name);

    public Task DeliverAsync(int task, byte[] content, string name = "") => _world.Bucket.WriteAsync(
        ObjectUri.Parse($"s3://results/x/list/list-000000/{(name.Length > 0 ? name : $"t-1-{task}.json")}"),
        new MemoryStream(content),
        Token);

    /// <summary>Makes the API report the whole batch as ended.</summary>
    public void EndBatch(params string[] tasks)
    {
        Api["/v1/batches/b-1/progress"] = $$"""{"id":"b-1","completed":true,"completed_count":{{tasks.Length}}}""";
        Api["/v1/batches/b-1"] = $$"""{"id":"b-1","completed":true,"tasks":[{{string.Join(',', tasks)}}]}""";
    }

    /// <summary>Receives a webhook for each task and does the work that is due.</summary>
    public async Task ReceiveWebhookAsync(params int[] tasks)
    {
        foreach (var task in tasks)
            await ReceiveWebhookAsync($"t-1-{task}");
    }

    public async Task ReceiveWebhookAsync(string taskId)
    {
        await NotifyAsync(taskId);
        await CollectAsync();
    }

    /// <summary>Puts a webhook's hint into queue <c>results</c> without handling it.</summary>
    public Task NotifyAsync(string taskId) => _world.Service<IWorkQueue>().SendAsync(
        new ResultMessage("list-000000", taskId, DiscoveredBy.Webhook, _world.State.Time.GetUtcNow()),
        TimeSpan.Zero, Token);

    /// <summary>Handles the messages in queue <c>results</c> that are due.</summary>
    public async Task CollectAsync()
    {
        var receiver = _world.Service<IWorkReceiver>();
        while ((await receiver.ReceiveAsync(QueueNames.Results, 1, TimeSpan.FromMinutes(1), Token)).Messages
            is [var message])
        {
            await _world.Service<CollectStage>().HandleAsync(message.Body, Token);
            await receiver.CompleteAsync(message, Token);
        }
    }

    /// <summary>Advances the clock in steps; sweeps and collects after each.</summary>
    public async Task PassAsync(TimeSpan time, TimeSpan? step = null)
    {
        for (var end = _world.State.Time.GetUtcNow() + time; _world.State.Time.GetUtcNow() < end;)
        {
            _world.State.Time.Advance(step ?? TimeSpan.FromSeconds(30));
            await _world.SweepAsync();
            await CollectAsync();
        }
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private IReadOnlyList<JsonElement> Lines(string file) =>
        [.. _world.State.Lines(file).Select(line => JsonElement.Parse(line))];
}
