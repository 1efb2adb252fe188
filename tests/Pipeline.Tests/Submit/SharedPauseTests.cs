using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Moq;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports.Ledgers;
using Pipeline.Reports;
using Pipeline.Stores.Azure.Catalog;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Submit;
using Pipeline.Tests.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Submit;

/// <summary>
/// What Nimble refuses to one process, no other tries. After the pause, one POST tries for all. The API is an HTTP
/// server that counts requests; to the ledger, the workers are separate processes.
/// </summary>
[Trait("Promise", "9")]
public sealed class SharedPauseTests(Servers servers)
{
    private const int Workers = 8;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(401, null)]
    [InlineData(402, null)]
    [InlineData(403, null)]
    [InlineData(429, "60")]
    public async Task OneRefusalHoldsAllProcessesAndOnePostTriesForThem(int status, string? retryAfter)
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (status, "{}");
        world.RetryAfter = retryAfter;
        await world.PlanAsync(Workers * 10);
        await using var workers = await FleetAsync(world);

        await world.SubmitAsync("list-000000");
        await workers.SubmitAllAsync();
        Assert.Equal(1, world.Posts);

        for (var round = 2; round <= 4; round++)
        {
            world.State.Time.Advance(Pause + TimeSpan.FromSeconds(1));
            await workers.SubmitAllAsync();
            Assert.Equal(round, world.Posts);
        }
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task OnceTheTrialIsAcceptedAllProcessesGoOn()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (402, "{}");
        await world.PlanAsync(Workers * 10);
        await using var workers = await FleetAsync(world);
        await workers.SubmitAllAsync();
        var refused = world.Posts;

        world.Refuse = _ => null;
        world.State.Time.Advance(Pause + TimeSpan.FromSeconds(1));
        await workers.SubmitAllAsync();
        Assert.InRange(world.Posts, refused + 1, refused + Workers);
        world.State.Time.Advance(TimeSpan.FromSeconds(6));
        await workers.SubmitAllAsync();
        Assert.Equal(refused + Workers, world.Posts);
        Assert.Equal(Workers, world.Accepted.Count);
        Assert.All(await world.SubmissionsAsync(), s => Assert.Equal(SubmissionState.Accepted, s.State));
    }

    [Fact]
    public async Task ACrashedTrialIsFollowedByAnother()
    {
        await using var world = await SubmitWorld.StartAsync();
        await using var crashed = await world.OpenAsync();
        await using var other = await world.OpenAsync();
        var (first, second) = (GateOf(crashed), GateOf(other));
        await first.PauseForAsync(Pause, "Nimble refuses the API key.", HoldReason.ApiKey);
        world.State.Time.Advance(Pause);

        Assert.Null(await first.TryPassAsync("list-000000", Token));
        Assert.True((await second.TryPassAsync("list-000001", Token))!.IsTried);
        world.State.Time.Advance(TimeSpan.FromSeconds(15));
        Assert.Null(await second.TryPassAsync("list-000001", Token));
        // The first one's late result is no longer the trial.
        await first.OpenAsync("list-000000");
        Assert.NotNull(await first.TryPassAsync("list-000000", Token));
        await second.OpenAsync("list-000001");
        Assert.Null(await first.TryPassAsync("list-000000", Token));
    }

    [Fact]
    public async Task ATrialWithoutAnAnswerIsFollowedByAnotherAtOnce()
    {
        await using var world = await SubmitWorld.StartAsync();
        var gate = GateOf(world.Service<IServiceProvider>());
        await gate.PauseForAsync(Pause, "Nimble cannot be reached.", HoldReason.None);
        world.State.Time.Advance(Pause);

        Assert.Null(await gate.TryPassAsync("list-000000", Token));
        await gate.GiveUpTrialAsync("list-000000");
        Assert.Null(await gate.TryPassAsync("list-000001", Token));
    }

    [Fact]
    public async Task AnotherKeyIsTriedAtOnce()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (401, "{}");
        await world.PlanAsync(20);
        await world.WorkAsync();
        Assert.Equal(1, world.Posts);

        world.Refuse = _ => null;
        await using var restarted = await world.OpenAsync(o => o.Nimble.ApiKey = "another");
        await SubmitWorld.SubmitAsync(restarted, "list-000000");
        Assert.Single(world.Accepted);
    }

    [Fact]
    public async Task AProcessThatNeverPostsReportsThePause()
    {
        await using var world = await SubmitWorld.StartAsync();
        world.Refuse = _ => (401, """{"msg":"no such account"}""");
        await world.PlanAsync(10);
        await world.WorkAsync();

        await using var page = await world.OpenAsync();
        var pause = await page.GetRequiredService<StatusReporter>().GetPauseAsync(Token);
        Assert.Equal(HoldReason.ApiKey, pause!.Hold);
        Assert.Contains("no such account", pause.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AShorterPauseDoesNotEndALongerOne()
    {
        await using var world = await SubmitWorld.StartAsync();
        var gate = GateOf(world.Service<IServiceProvider>());
        await gate.PauseForAsync(Pause, "Nimble refuses the API key.", HoldReason.ApiKey);
        await gate.PauseForAsync(TimeSpan.FromSeconds(5), "Nimble cannot be reached.", HoldReason.None);

        Assert.Equal(world.State.Time.GetUtcNow() + Pause, gate.Current!.Until);
    }

    [Fact]
    public async Task WithoutTheLedgerAPauseHoldsItsProcess()
    {
        var shared = new Mock<IPauseLedger>();
        shared.Setup(s => s.ReadAsync(It.IsAny<CancellationToken>()))
            .ThrowsAsync(PipelineException.Transient(FailureReasons.Unavailable, "The ledger is down."));
        var gate = Gate(shared.Object, new FakeTimeProvider(Some.Time));
        await gate.PauseForAsync(Pause, "Nimble refuses the API key.", HoldReason.ApiKey);

        Assert.Equal(HoldReason.ApiKey, gate.Current!.Hold);
    }

    [Fact]
    public async Task OfManyProcessesOverOneStateOneTries()
    {
        await using var state = new LocalState();
        var ledgers = new List<IPauseLedger>();
        for (var i = 0; i < Workers; i++)
            ledgers.Add(new LocalPauseLedger(await state.OpenAsync()));
        await AssertOneTriesAsync(ledgers);
    }

    [Fact]
    [Trait("Needs", "servers")]
    public async Task OfManyProcessesOverOneAccountOneTries()
    {
        using var account = (await servers.AzureAsync()).Open();
        await AssertOneTriesAsync(
            [.. Enumerable.Range(0, Workers).Select(IPauseLedger (_) => new TablePauseLedger(account))]);
    }

    /// <summary>
    /// Each worker posts as soon as its gate lets it. The server refuses, then accepts, and counts both.
    /// </summary>
    private static async Task AssertOneTriesAsync(IReadOnlyList<IPauseLedger> ledgers)
    {
        var time = new FakeTimeProvider(Some.Time);
        var gates = ledgers.Select(ledger => Gate(ledger, time)).ToList();
        var status = 401;
        await using var server = await TestServer.StartAsync(context => TestServer.Json("{}", status)(context));
        using var http = new HttpClient();

        await PostAsync(0);
        Assert.Single(server.Seen);
        await AllPostAsync();
        Assert.Single(server.Seen);
        for (var round = 2; round <= 4; round++)
        {
            time.Advance(Pause);
            await AllPostAsync();
            Assert.Equal(round, server.Seen.Count);
        }

        status = 200;
        time.Advance(Pause);
        await AllPostAsync();
        time.Advance(TimeSpan.FromSeconds(5));
        var before = server.Seen.Count;
        await AllPostAsync();
        Assert.Equal(before + Workers, server.Seen.Count);

        Task AllPostAsync() => Task.WhenAll(Enumerable.Range(0, gates.Count).Select(PostAsync));

        async Task PostAsync(int worker)
        {
            await Task.Yield();
            var submission = $"list-{worker:D6}";
            if (await gates[worker].TryPassAsync(submission, Token) is not null)
                return;
            using var answer = await http.PostAsync(server.Address, null, Token);
            await (answer.IsSuccessStatusCode
                ? gates[worker].OpenAsync(submission)
                : gates[worker].PauseForAsync(Pause, "Nimble refuses the API key.", HoldReason.ApiKey));
        }
    }

    private static SubmissionGate Gate(IPauseLedger shared, TimeProvider time) => new(
        shared, Microsoft.Extensions.Options.Options.Create(new PipelineOptions()), time,
        new CollectedLogs<SubmissionGate>());

    private static SubmissionGate GateOf(IServiceProvider services) => services.GetRequiredService<SubmissionGate>();

    private static async Task<Fleet> FleetAsync(SubmitWorld world)
    {
        var workers = new List<ServiceProvider>();
        for (var i = 0; i < Workers; i++)
            workers.Add(await world.OpenAsync());
        return new(workers);
    }

    /// <summary>Processes that each have one submission at hand, and handle it at the same time.</summary>
    private sealed class Fleet(IReadOnlyList<ServiceProvider> workers) : IAsyncDisposable
    {
        public Task SubmitAllAsync() =>
            Task.WhenAll(workers.Select((worker, i) =>
                Task.Run(() => SubmitWorld.SubmitAsync(worker, $"list-{i:D6}"), Token)));

        public async ValueTask DisposeAsync()
        {
            foreach (var worker in workers)
                await worker.DisposeAsync();
        }
    }
}
