using Pipeline.Model;
using Pipeline.Replay;
using Pipeline.Tests.Submit;

namespace Pipeline.Tests.Sweep;

/// <summary>
/// Tasks that only the API's own list names: the POST's answer and the batch name some of the tasks, no webhook came,
/// and the
/// results are at the API and not in a bucket.
/// </summary>
[Trait("Promise", "8")]
public sealed class ListedTaskTests
{
    private const int Count = 6;
    private const int Named = 4;
    private const string FirstPage = "/v1/tasks?limit=100";
    private const string SecondPage = "/v1/tasks?limit=100&cursor=two";

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongStep = TimeSpan.FromMinutes(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ATaskThatOnlyTheListNamesBecomesARecord(bool listEchoes)
    {
        var api = new Api { ListEchoes = listEchoes };
        await using var world = await StartAsync(api);
        await AssertRecordedAsync(world, Count);
    }

    [Fact]
    public async Task ATaskIsFoundOnAnyPageOfTheList()
    {
        var api = new Api();
        api.Pages[FirstPage] = Api.Page(next: "two", api.Entries(4, 1));
        api.Pages[SecondPage] = Api.Page(next: null, api.Entries(5, 1));
        await using var world = await StartAsync(api);
        await AssertRecordedAsync(world, Count);
    }

    [Fact]
    public async Task AFailedTaskFailsItsInputWithNimblesMessage()
    {
        var api = new Api { StateOfTheRest = "error" };
        await using var world = await StartAsync(api);
        await AssertRecordedAsync(world, Named);
        Assert.All((await world.InputsAsync()).Skip(Named), i => Assert.Equal(FailureReasons.TaskFailed, i.Reason));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(500)]
    public async Task NoInputFailsWhileTheListIsRefused(int status)
    {
        var api = new Api { FailedPage = FirstPage, Status = status };
        await using var world = await StartAsync(api, TimeSpan.FromHours(6), LongStep);
        Assert.Equal(Count - Named, (await world.InputsAsync()).Count(i => i.State == InputState.Waiting));
        Assert.NotNull(Assert.Single(await world.SubmissionsAsync()).Setback);
        api.FailedPage = null;
        await PassAsync(world, TimeSpan.FromHours(1));
        await AssertRecordedAsync(world, Count);
    }

    [Theory]
    [InlineData("""{"data":[]}""")]
    [InlineData("""{"data":[null],"pagination":{"has_next":false}}""")]
    [InlineData("""{"data":[],"pagination":{"has_next":true,"next_cursor":"two"}}""")]
    public async Task AnIncompleteListProvesNoAbsence(string page)
    {
        var api = new Api { FailedPage = SecondPage, Status = 500 };
        api.Pages[FirstPage] = page;
        await using var world = await StartAsync(api, TimeSpan.FromHours(6), LongStep);
        Assert.Equal(Count - Named, (await world.InputsAsync()).Count(i => i.State == InputState.Waiting));
        api.Pages.Clear();
        await PassAsync(world, TimeSpan.FromHours(1));
        await AssertRecordedAsync(world, Count);
    }

    [Fact]
    public async Task TheTaskDeadlineEndsTheWait()
    {
        var api = new Api();
        api.Pages[FirstPage] = """{"data":[]}""";
        await using var world = await StartAsync(api, TimeSpan.FromHours(50), LongStep);
        await AssertRecordedAsync(world, Named);
        Assert.All((await world.InputsAsync()).Skip(Named), i => Assert.Equal(FailureReasons.TaskExpired, i.Reason));
    }

    [Theory]
    [InlineData(
        """{"id":"other","state":"success","batch_id":"b-2","input":{"url":"https://example.com/5"}}""", null, false)]
    [InlineData(
        """{"id":"other","state":"success"}""", """{"batch_id":"b-2","input":{"url":"https://example.com/5"}}""",
        false)]
    [InlineData(
        """{"id":"other","state":"success"}""", """{"callback_url":"https://h/api/callbacks/list-000001/x"}""", false)]
    [InlineData("""{"id":"other","state":"success"}""", """{"input":{"url":"https://example.com/5"}}""", false)]
    [InlineData(
        """{"id":"other","state":"success"}""", """{"callback_url":"https://h/api/callbacks/list-000000/x"}""", true)]
    [InlineData("""{"id":"other","state":"success","batch_id":"b-1"}""", null, true)]
    public async Task ATaskCountsOnlyIfTheApiSaysThatItIsTheSubmissions(string entry, string? details, bool isOurs)
    {
        var api = new Api { Details = details };
        api.Pages[FirstPage] = Api.Page(next: null, entry);
        await using var world = await StartAsync(api);
        await AssertRecordedAsync(world, isOurs ? Named + 1 : Named);
        Assert.Equal(isOurs ? 1 : 2, (await world.InputsAsync()).Count(i => i.Reason == FailureReasons.TaskExpired));
    }

    [Fact]
    public async Task ABatchThatCallsItselfCompleteTooEarlyIsNotBelieved()
    {
        var api = new Api { Named = Count, StateInBatch = "processing", StateOfTheRest = "processing" };
        await using var world = await StartAsync(api, TimeSpan.FromHours(6), LongStep);
        await AssertRecordedAsync(world, Named);
        Assert.Equal(Count - Named, (await world.InputsAsync()).Count(i => i.State == InputState.Waiting));
        api.StateOfTheRest = "success";
        await PassAsync(world, TimeSpan.FromHours(1));
        await AssertRecordedAsync(world, Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AReplayReadsTheListToo(bool resubmit)
    {
        var api = new Api();
        api.Pages[FirstPage] = Api.Page(next: null);
        await using var world = await StartAsync(api);
        await AssertRecordedAsync(world, Named);
        api.Pages.Clear();
        var counts = await world.Service<ReplayStage>().ReplayAsync(SubmitWorld.ListId, _ => true, resubmit, Token);
        Assert.Equal((0, Count - Named), (counts.Resubmitted, counts.Recollected));
        await PassAsync(world, TimeSpan.FromMinutes(10));
        await AssertRecordedAsync(world, Count);
        Assert.Equal(1, world.Posts);
    }

    /// <summary>Posts a list whose results are read from the API, and advances the clock.</summary>
    private static async Task<SubmitWorld> StartAsync(Api api, TimeSpan? time = null, TimeSpan? step = null)
    {
        var world = await SubmitWorld.StartAsync(o => o.Delivery.StorageUrl = null);
        world.Answer = (_, _) => api.Answer("pending");
        world.Get = api.Get;
        world.FailGet = path => path == api.FailedPage ? api.Status : null;
        await world.PlanAsync(Count);
        await world.WorkAsync();
        await PassAsync(world, time ?? TimeSpan.FromMinutes(40), step);
        return world;
    }

    private static Task PassAsync(SubmitWorld world, TimeSpan time, TimeSpan? step = null) =>
        world.PassAsync(time, step ?? Step, collects: true);

    private static async Task AssertRecordedAsync(SubmitWorld world, int count)
    {
        var inputs = await world.InputsAsync();
        Assert.Equal(count, inputs.Count(i => i.State == InputState.Recorded));
        Assert.Equal(
            inputs.Count(i => i.TaskId is not null), inputs.Select(i => i.TaskId).OfType<string>().Distinct().Count());
    }

    /// <summary>An API that names <see cref="Named"/> tasks of a complete batch, and lists all of them.</summary>
    private sealed class Api
    {
        public int Named { get; init; } = ListedTaskTests.Named;

        public bool ListEchoes { get; init; } = true;

        public string StateInBatch { get; init; } = "success";

        public string StateOfTheRest { get; set; } = "success";

        /// <summary>The details of task <c>other</c>.</summary>
        public string? Details { get; init; }

        public string? FailedPage { get; set; }

        public int Status { get; init; } = 500;

        /// <summary>The pages of the list of tasks; without any, one page has all tasks.</summary>
        public Dictionary<string, string> Pages { get; } = new(StringComparer.Ordinal);

        public static string Page(string? next, params string[] entries) =>
            $$"""
            {"data":[{{string.Join(',', entries)}}],
             "pagination":{"has_next":{{(next is null ? "false" : "true")}},"next_cursor":"{{next}}"} }
            """;

        public string[] Entries(int first, int count) =>
            [.. Enumerable.Range(first, count).Select(i => Task(i, ListEchoes, State(i)))];

        public string Answer(string? state = null)
        {
            var tasks = Enumerable.Range(0, Named).Select(i => Task(i, echoes: true, state ?? StateInBatch));
            return $$"""{"id":"b-1","batch_id":"b-1","tasks":[{{string.Join(',', tasks)}}]}""";
        }

        public string? Get(string path) => path switch
        {
            "/v1/batches/b-1/progress" => """{"id":"b-1","completed":true,"completed_count":6}""",
            "/v1/batches/b-1" => Answer(),
            "/v1/tasks/other" => Details,
            "/v1/tasks/other/results" => Result(4, "other"),
            _ when path.StartsWith("/v1/tasks?", StringComparison.Ordinal) => List(path),
            _ when path.StartsWith("/v1/tasks/t-1-", StringComparison.Ordinal) =>
                Get(path["/v1/tasks/t-1-".Length..].Split('/')),
            _ => null,
        };

        private string? List(string path) =>
            Pages.Count > 0 ? Pages.GetValueOrDefault(path) : Page(next: null, Entries(0, Count));

        private string? Get(string[] parts) => int.Parse(parts[0]) is var i && parts.Length == 1
            ? Task(i, echoes: true, State(i))
            : State(i) == "success" ? Result(i, $"t-1-{i}") : null;

        private string State(int i) => i < ListedTaskTests.Named ? "success" : StateOfTheRest;

        private static string Result(int i, string taskId) =>
            $$"""{"url":"{{SubmitWorld.Url(i + 1)}}","task_id":"{{taskId}}","status":"success","data":"""
                + """{"html":"<p>"},"status_code":200}""";

        private static string Task(int i, bool echoes, string state) =>
            $$"""{"id":"t-1-{{i}}","state":"{{state}}","batch_id":"b-1"{{(echoes ? Echo(i) : "")}} }""";

        private static string Echo(int i) => $$""","input":{"url":"{{SubmitWorld.Url(i + 1)}}"}""";
    }
}
