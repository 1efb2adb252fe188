using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Moq;
using Pipeline.Diagnostics;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Local.Ledger;
using Pipeline.Sweep;
using Pipeline.Tests.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Sweep;

/// <summary>Metrics show the state of all work with a bounded number of requests.</summary>
[Trait("Promise", "10")]
public sealed class CensusTests(Servers servers)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ListsSubmissionsAndInputsAreCountedByState()
    {
        await using var state = new LocalState();
        var ledger = new LocalLedger(await state.OpenAsync());
        var now = state.Time.GetUtcNow();
        await AddAsync(ledger, "planning", now.AddHours(-5), ListState.Planning, ListSteering.None);
        await AddAsync(
            ledger, "paused", now.AddHours(-1), ListState.Open, ListSteering.Paused, SubmissionState.Planned);
        await AddAsync(
            ledger, "open", now.AddHours(-2), ListState.Open, ListSteering.None, SubmissionState.Planned,
            SubmissionState.Unknown, SubmissionState.Accepted, SubmissionState.Closed);
        await AddAsync(ledger, "closed", now.AddHours(-9), ListState.Closed, ListSteering.None, SubmissionState.Closed);

        var count = await CountAsync(ledger);

        Assert.Equal(Counts(("planning", 1), ("open", 1), ("paused", 1)), NotZero(count.Lists));
        Assert.Equal(
            Counts(("planned", 2), ("unknown", 1), ("accepted", 1), ("closed", 1)), NotZero(count.Submissions));
        Assert.Equal(
            Counts(("planned", 6), ("unknown", 3), ("accepted", 3), ("recorded", 2), ("failed", 1)),
            NotZero(count.Inputs));
        Assert.Equal((now.AddHours(-2), 0), (count.OldestSince, count.Skipped));
    }

    /// <summary>A gauge keeps its last value, and no look is taken at a submission that is not there.</summary>
    [Fact]
    public async Task TheAgeOfAPostWithoutAnAnswerIsThatOfTheOldestAndEndsWithIt()
    {
        await using var state = new LocalState();
        await using var services = await StartAsync(state, () => { });
        var ledger = services.GetRequiredService<ILedger>();
        var now = state.Time.GetUtcNow();
        foreach (var (sequence, ago) in new[] { (0, 20), (1, 5) })
            await ledger.CreateSubmissionAsync(
                Submission("list", sequence, SubmissionState.Unknown) with { PostedAt = now.AddMinutes(-ago) }, [],
                Token);
        await ledger.CreateListAsync(List("list", now.AddHours(-1), ListState.Open), Token);
        using var metrics = new MetricsOf(PipelineMetrics.MeterName);

        Assert.Equal(20 * 60, await AgeAsync());
        await FindAsync("list-000000");
        Assert.Equal(6 * 60, await AgeAsync());
        await FindAsync("list-000001");
        Assert.Equal(0, await AgeAsync());

        async Task<double?> AgeAsync()
        {
            await services.GetRequiredService<Census>().TakeAsync(Token);
            state.Time.Advance(TimeSpan.FromMinutes(1));
            return metrics.Last("pipeline.submissions.unknown_age");
        }

        async Task FindAsync(string id) => await ledger.UpdateSubmissionAsync(
            (await ledger.GetSubmissionAsync(id, Token))! with { State = SubmissionState.Accepted }, Token);
    }

    /// <summary>Thousands of lists, or one with thousands of submissions, do not make the count expensive.</summary>
    [Theory]
    [InlineData(LedgerCensus.MaxLists + 100, 1, 100)]
    [InlineData(3, LedgerCensus.MaxSubmissions, 2)]
    [Trait("Promise", "9")]
    public async Task ACountCostsABoundedNumberOfRequests(int lists, int submissions, int skipped)
    {
        var ledger = new Mock<ILedger>(MockBehavior.Strict);
        ledger.Setup(l => l.GetOpenListsAsync(It.IsAny<CancellationToken>())).Returns(
            Enumerable.Range(0, lists).Select(i => List($"l{i}", default, ListState.Open)).ToAsyncEnumerable());
        ledger.Setup(l => l.GetSubmissionsAsync(It.IsAny<string>(), 0, It.IsAny<CancellationToken>())).Returns(
            (string id, int _, CancellationToken _) => Enumerable.Range(0, submissions)
                .Select(i => Submission(id, i, SubmissionState.Accepted)).ToAsyncEnumerable());
        ledger.Setup(l => l.CountOutcomesAsync(It.IsAny<string>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(new OutcomeCounts(3, 0, 0));

        var count = await CountAsync(ledger.Object);

        Assert.Equal(skipped, count.Skipped);
        Assert.Equal(lists, count.Lists["open"]);
        Assert.Equal(3L * submissions * (lists - skipped), count.Inputs["accepted"]);
        int Calls(string name) => ledger.Invocations.Count(call => call.Method.Name == name);
        Assert.Equal(lists - skipped, Calls(nameof(ILedger.GetSubmissionsAsync)));
        Assert.Equal(
            Math.Min(LedgerCensus.MaxCounted, submissions * (lists - skipped)),
            Calls(nameof(ILedger.CountOutcomesAsync)));
    }

    [Fact]
    public async Task ItIsTakenOnceAMinuteAndOnlyIfSomebodyListens()
    {
        await using var state = new LocalState();
        var reads = 0;
        await using var services = await StartAsync(state, () => Interlocked.Increment(ref reads));
        var census = services.GetRequiredService<Census>();
        using (var metrics = new MetricsOf(PipelineMetrics.MeterName))
        {
            await census.TakeAsync(Token);
            await census.TakeAsync(Token);
            Assert.Equal(1, reads);
            Assert.Equal(0, metrics.Last("pipeline.lists.count", ("pipeline.list.state", "open")));
            Assert.Equal(
                0, metrics.Last("pipeline.queue.head_age", ("messaging.destination.name", QueueNames.Results)));

            await services.GetRequiredService<IWorkQueue>().SendAsync(
                QueueNames.Results, [Some.Body("stuck")], TimeSpan.Zero, Token);
            state.Time.Advance(TimeSpan.FromMinutes(1));
            await census.TakeAsync(Token);
            Assert.Equal(2, reads);
            Assert.Equal(
                60, metrics.Last("pipeline.queue.head_age", ("messaging.destination.name", QueueNames.Results)));
            Assert.Equal(
                1, metrics.Last("pipeline.queue.length", ("messaging.destination.name", QueueNames.Results)));
        }
    }

    [Fact]
    [Trait("Needs", "servers")]
    public async Task WhatConsumersLeaveInTheirQueuesIsMeasured()
    {
        var azurite = await servers.AzureAsync();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddDays(2));
        await using var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton<TimeProvider>(time)
            .AddPipeline(options => options.Nimble.ApiKey = "test")
            .AddAzureStores(new() { ConnectionString = azurite.ConnectionString() })
            .BuildServiceProvider();
        await services.GetRequiredService<IWorkQueue>().SendAsync(
            AzureNames.ManifestsQueue, [Some.Body("left")], TimeSpan.Zero, Token);
        using var metrics = new MetricsOf(PipelineMetrics.MeterName);

        await services.GetRequiredService<Census>().TakeAsync(Token);

        Assert.InRange(Age(AzureNames.ManifestsQueue), 86_400, 3 * 86_400);
        Assert.Equal(0, Age(AzureNames.RecordsQueue));

        double Age(string queue) =>
            metrics.Last("pipeline.queue.head_age", ("messaging.destination.name", queue))!.Value;
    }

    [Fact]
    public async Task WhatCannotBeCountedFailsNothingElse()
    {
        await using var state = new LocalState();
        await using var services = await StartAsync(
            state, () => throw PipelineException.Transient(FailureReasons.Unavailable, "The store is away."));
        using var metrics = new MetricsOf(PipelineMetrics.MeterName);

        await services.GetRequiredService<Census>().TakeAsync(Token);

        Assert.Null(metrics.Last("pipeline.inputs.count", ("pipeline.input.state", "planned")));
    }

    private static async Task<LedgerCensus> CountAsync(ILedger ledger)
    {
        var count = new LedgerCensus(ledger);
        await foreach (var list in ledger.GetOpenListsAsync(Token))
            await count.AddAsync(list, Token);
        return count;
    }

    private static async Task<ServiceProvider> StartAsync(LocalState state, Action onRead)
    {
        var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton<TimeProvider>(state.Time)
            .AddPipeline(options => options.Nimble.ApiKey = "test")
            .AddLocalStores(await state.OpenAsync(), await state.OpenSinkAsync());
        services.AddSingleton(provider => InterceptedPort.Before<ILedger>(
            provider.GetRequiredService<LocalLedger>(),
            method =>
            {
                if (method == nameof(ILedger.GetOpenListsAsync))
                    onRead();
            }));
        return services.BuildServiceProvider();
    }

    private static async Task AddAsync(
        ILedger ledger, string id, DateTimeOffset createdAt, ListState state, ListSteering steering,
        params SubmissionState[] submissions)
    {
        await ledger.CreateListAsync(List(id, createdAt, state) with { Steering = steering }, Token);
        foreach (var (i, submission) in submissions.Index())
            await ledger.CreateSubmissionAsync(
                Submission(id, i, submission),
                [
                    .. Enumerable.Range(0, 3).Select(n => new InputEntry
                    {
                        Id = $"{id}-{i}-{n}", SubmissionId = SubmissionIds.Of(id, i), Ordinal = n,
                        Url = $"https://example.com/{n}", Input = "{}", Line = n + 1,
                        State = submission != SubmissionState.Closed ? InputState.Waiting
                            : n == 0 ? InputState.Failed : InputState.Recorded,
                    }),
                ],
                Token);
    }

    private static ListEntry List(string id, DateTimeOffset createdAt, ListState state) =>
        new() { ListId = id, CreatedAt = createdAt, State = state };

    private static SubmissionEntry Submission(string listId, int sequence, SubmissionState state) => new()
    {
        SubmissionId = SubmissionIds.Of(listId, sequence),
        ListId = listId,
        Sequence = sequence,
        State = state,
        Count = 3,
        Records = state == SubmissionState.Closed ? 2 : 0,
        Failures = state == SubmissionState.Closed ? 1 : 0,
    };

    private static SortedDictionary<string, long> NotZero(IReadOnlyDictionary<string, long> counts) =>
        Counts([.. counts.Where(count => count.Value != 0).Select(count => (count.Key, count.Value))]);

    private static SortedDictionary<string, long> Counts(params (string State, long Count)[] counts) =>
        new(counts.ToDictionary(count => count.State, count => count.Count), StringComparer.Ordinal);
}
