using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Collect;
using Pipeline.Hosting;
using Pipeline.Intake;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Stores.Local.Queues;
using Pipeline.Submit;
using Pipeline.Sweep;
using Pipeline.Tests.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Submit;

/// <summary>
/// The stages over the real local ledger and queue, with a fake clock, and a real HTTP server in place of the API.
/// </summary>
internal sealed class SubmitWorld : IAsyncDisposable
{
    public const string ListId = "list";
    private const string NoItems = """{"data":[],"pagination":{"has_next":false,"next_cursor":null}}""";

    private readonly List<IReadOnlyList<string>> _accepted = [];
    private TestServer _server = null!;
    private ServiceProvider _services = null!;

    private SubmitWorld()
    {
    }

    public LocalState State { get; } = new();

    public MemoryObjectStore Bucket { get; } = new();

    /// <summary>
    /// Gives the API's answer to a GET, asked first by path and query, then by path. Null means an empty last page for
    /// a
    /// list, and 404 for anything else.
    /// </summary>
    public Func<string, string?> Get { get; set; } = _ => null;

    /// <summary>
    /// Gives the error status of a GET of a path, which the API answers with a wait long enough to end the retries;
    /// null
    /// for success.
    /// </summary>
    public Func<string, int?> FailGet { get; set; } = _ => null;

    /// <summary>
    /// Gives the answer to an accepted POST by its number and inputs; null means one that names all tasks.
    /// </summary>
    public Func<int, JsonElement, string?> Answer { get; set; } = (_, _) => null;

    /// <summary>Whether the API has lists.</summary>
    public bool HasLists { get; set; } = true;

    /// <summary>Gives the status and body that refuse a POST of these inputs; null accepts it.</summary>
    public Func<JsonElement, (int Status, string Body)?> Refuse { get; set; } = _ => null;

    /// <summary>The <c>Retry-After</c> of a refused POST; null for none.</summary>
    public string? RetryAfter { get; set; }

    /// <summary>The requests that arrived.</summary>
    public IReadOnlyList<SeenRequest> Seen => _server.Seen;

    public ILedger Ledger => Service<ILedger>();

    /// <summary>The URLs of each accepted POST.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Accepted => _accepted;

    /// <summary>The number of POSTs, accepted or not.</summary>
    public int Posts => _server.Seen.Count(s => s.Method == "POST");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<SubmitWorld> StartAsync(
        Action<PipelineOptions>? change = null, Action<string, object?[]>? before = null)
    {
        var world = new SubmitWorld();
        world._server = await TestServer.StartAsync(world.AnswerAsync);
        world._services = await world.OpenAsync(change, before);
        return world;
    }

    /// <summary>Creates another worker on the same state, as a second process would have.</summary>
    /// <param name="change">Changes its settings.</param>
    /// <param name="before">Runs before each call of its ledger or queue, with the method's name and arguments.</param>
    public async Task<ServiceProvider> OpenAsync(
        Action<PipelineOptions>? change = null, Action<string, object?[]>? before = null)
    {
        var services = await RegisterAsync(new ServiceCollection().AddLogging(), change);
        if (before is not null)
        {
            services.AddSingleton(s => InterceptedPort.Before<ILedger>(s.GetRequiredService<LocalLedger>(), before));
            services.AddSingleton(
                s => InterceptedPort.Before<IWorkQueue>(s.GetRequiredService<LocalWorkQueue>(), before));
        }

        return services.BuildServiceProvider();
    }

    /// <summary>Registers the services of another process on the same state.</summary>
    public async Task<IServiceCollection> RegisterAsync(
        IServiceCollection services, Action<PipelineOptions>? change = null) => services
            .AddSingleton<TimeProvider>(State.Time)
            .AddSingleton<IObjectStore>(Bucket)
            .AddPipeline(options =>
            {
                options.Nimble.ApiKey = "key";
                options.Nimble.BaseUrl = _server.Address;
                options.Nimble.RequestsPerSecond = 10_000;
                options.Intake.MaxInputsPerSubmission = 10;
                options.Delivery.StorageUrl = "s3://results/x/";
                options.Collect.GatherFor = TimeSpan.Zero;
                change?.Invoke(options);
            })
            .AddLocalStores(await State.OpenAsync(), await State.OpenSinkAsync());

    public T Service<T>() where T : notnull => _services.GetRequiredService<T>();

    public static string Url(int i) => $"https://example.com/{i}";

    /// <summary>Runs Intake on a list of URLs.</summary>
    public Task PlanAsync(int count) => PlanAsync(Enumerable.Range(1, count).Select(Url));

    public Task PlanAsync(IEnumerable<string> urls, string listId = ListId) =>
        PlanAsync(JsonSerializer.Serialize(new { list_id = listId, inputs = urls.Select(url => new { url }) }));

    /// <summary>Runs Intake on a list, as JSON.</summary>
    public Task PlanAsync(string list) => Service<IntakeStage>().HandleAsync(Encoding.UTF8.GetBytes(list), Token);

    /// <summary>Handles a message of a submission, whether or not the queue has one.</summary>
    public Task SubmitAsync(string submissionId) => SubmitAsync(_services, submissionId);

    public static Task SubmitAsync(IServiceProvider services, string submissionId) =>
        services.GetRequiredService<SubmitStage>().HandleAsync(
            JsonSerializer.SerializeToUtf8Bytes(
                new SubmissionMessage(submissionId), PipelineJson.Plain.SubmissionMessage),
            Token);

    /// <summary>Handles the messages of queue <c>submissions</c> until none is due.</summary>
    public Task WorkAsync() => WorkAsync(_services);

    public static async Task WorkAsync(IServiceProvider services)
    {
        var receiver = services.GetRequiredService<IWorkReceiver>();
        while ((await receiver.ReceiveAsync(QueueNames.Submissions, 1, TimeSpan.FromMinutes(1), Token)).Messages
            is [var message])
        {
            await services.GetRequiredService<SubmitStage>().HandleAsync(message.Body, Token);
            await receiver.CompleteAsync(message, Token);
        }
    }

    /// <summary>Handles the messages of queue <c>results</c> until none is due.</summary>
    public async Task CollectAsync()
    {
        var receiver = Service<IWorkReceiver>();
        while ((await receiver.ReceiveAsync(QueueNames.Results, 1, TimeSpan.FromMinutes(1), Token)).Messages
            is [var message])
        {
            await Service<CollectStage>().HandleAsync(message.Body, Token);
            await receiver.CompleteAsync(message, Token);
        }
    }

    public Task SweepAsync() => Service<SweepStage>().HandleAsync(Token);

    /// <summary>Advances the clock in steps; at each step it submits, sweeps and, if asked to, collects.</summary>
    public async Task PassAsync(TimeSpan time, TimeSpan step, bool collects = false)
    {
        for (var end = State.Time.GetUtcNow() + time; State.Time.GetUtcNow() < end;)
        {
            State.Time.Advance(step);
            await SweepAsync();
            await WorkAsync();
            if (collects)
                await CollectAsync();
        }
    }

    /// <summary>All inputs, except entries that moved to another submission.</summary>
    public async Task<IReadOnlyList<InputEntry>> InputsAsync()
    {
        var inputs = new List<InputEntry>();
        foreach (var submission in await SubmissionsAsync())
            inputs.AddRange(
                (await Ledger.GetInputsAsync(submission.SubmissionId, Token)).Where(i => i.State != InputState.Moved));
        return inputs;
    }

    public async Task<IReadOnlyList<SubmissionEntry>> SubmissionsAsync() =>
        await Ledger.GetSubmissionsAsync(ListId, Token).ToListAsync(Token);

    /// <summary>Gives the inputs of a submission their outcomes, and closes it.</summary>
    public async Task FinishAsync(string submissionId, int records)
    {
        var inputs = await Ledger.GetInputsAsync(submissionId, Token);
        await Ledger.UpdateInputsAsync(
            [
                .. inputs.Select(
                    (i, n) =>
                        i with
                        {
                            State = n < records ? InputState.Recorded : InputState.Failed,
                            Reason = n < records ? null : FailureReasons.TaskFailed,
                        })],
            Token);
        var submission = (await Ledger.GetSubmissionAsync(submissionId, Token))!;
        await Ledger.UpdateSubmissionAsync(submission with { DueAt = State.Time.GetUtcNow() }, Token);
        await SweepAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _server.DisposeAsync();
        await State.DisposeAsync();
    }

    private Task AnswerAsync(HttpContext context) =>
        context.Request.Method == "POST" ? AnswerPostAsync(context) : AnswerGetAsync(context);

    private Task AnswerGetAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        var query = context.Request.QueryString.Value!;
        if ((FailGet(path + query) ?? FailGet(path)) is { } failure)
            return TestServer.Json("{}", failure, ("Retry-After", "60"))(context);
        if ((Get(path + query) ?? Get(path)) is { } json)
            return TestServer.Json(json)(context);
        var isList = path is "/v1/batches" or "/v1/tasks";
        return (HasLists && isList ? TestServer.Json(NoItems) : TestServer.Json("{}", 404))(context);
    }

    private Task AnswerPostAsync(HttpContext context)
    {
        var body = JsonElement.Parse(
            Encoding.UTF8.GetString(((SeenRequest)context.Items[typeof(SeenRequest)]!).Body), PipelineJson.Documents);
        var inputs = body.TryGetProperty("inputs", out var several)
            ? several
            : JsonElement.Parse($"[{body.GetRawText()}]", PipelineJson.Documents);
        if (Refuse(inputs) is var (status, text))
            return TestServer.Json(text, status, RetryAfter is null ? [] : [("Retry-After", RetryAfter)])(context);
        int number;
        lock (_accepted)
        {
            _accepted.Add([.. inputs.EnumerateArray().Select(i => i.GetProperty("url").GetString()!)]);
            number = _accepted.Count;
        }

        if (Answer(number, inputs) is { } answer)
            return TestServer.Json(answer)(context);
        var tasks = string.Join(
            ',',
            Enumerable.Range(0, inputs.GetArrayLength())
                .Select(i => $$"""{"id":"t-{{number}}-{{i}}","state":"pending"}"""));
        return TestServer.Json($$"""{"batch_id":"b-{{number}}","tasks":[{{tasks}}]}""")(context);
    }
}
