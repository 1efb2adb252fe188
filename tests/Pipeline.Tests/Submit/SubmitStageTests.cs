using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Moq;
using Pipeline.Delivery;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Submit;

/// <summary>The intent protocol: whatever fails around the POST, it is not sent a second time.</summary>
[Trait("Promise", "2")]
public sealed class SubmitStageTests : IAsyncDisposable
{
    private static readonly SubmissionMessage Message = new("list-000000");
    private readonly FakeTimeProvider _time = new(Some.Time);
    private readonly Mock<ILedger> _ledger = new(MockBehavior.Strict);
    private readonly Mock<IWorkQueue> _queue = new();
    private readonly List<(SubmissionMessage Message, TimeSpan Delay)> _sent = [];
    private readonly HttpClient _http = NimbleHttp.CreateClient();
    private TestServer? _server;
    private SubmissionEntry _entry = Some.Submission(count: 2) with { State = SubmissionState.Planned, StorageUrl = null, HasCallback = false, Version = "1", DueAt = null, WaitsFor = null, Hold = HoldReason.None, HeldSince = null, FirstCallbackAt = null };
    private IReadOnlyList<InputEntry> _inputs;

    public SubmitStageTests()
    {
        _inputs = [.. Some.Inputs(_entry).Select(i => i with { Failure = null, Version = "1" })];
        _ledger.Setup(l => l.GetSubmissionAsync(Message.SubmissionId, It.IsAny<CancellationToken>())).ReturnsAsync(() => _entry);
        _ledger.Setup(l => l.GetInputsAsync(Message.SubmissionId, It.IsAny<CancellationToken>())).ReturnsAsync(() => _inputs);
        _ledger.Setup(l => l.CountOutcomesAsync(Message.SubmissionId, It.IsAny<CancellationToken>()))
            .ReturnsAsync(() => new(_inputs.Count(i => i.State == InputState.Waiting), 0, 0));
        _ledger.Setup(l => l.AddTasksAsync(Message.SubmissionId, It.IsAny<IReadOnlyList<TaskEntry>>(), It.IsAny<CancellationToken>())).Returns(Task.CompletedTask);
        _ledger.Setup(l => l.UpdateSubmissionAsync(It.IsAny<SubmissionEntry>(), It.IsAny<CancellationToken>())).ReturnsAsync((SubmissionEntry e, CancellationToken _) => Update(e));
        _ledger.Setup(l => l.UpdateInputsAsync(It.IsAny<IReadOnlyList<InputEntry>>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync((IReadOnlyList<InputEntry> inputs, CancellationToken _) => [.. _inputs = inputs]);
        _queue.Setup(q => q.SendAsync(QueueNames.Submissions, It.IsAny<IReadOnlyList<ReadOnlyMemory<byte>>>(), It.IsAny<TimeSpan>(), It.IsAny<CancellationToken>()))
            .Callback((string _, IReadOnlyList<ReadOnlyMemory<byte>> messages, TimeSpan delay, CancellationToken _) =>
                _sent.AddRange(messages.Select(m => (JsonSerializer.Deserialize(m.Span, PipelineJson.Plain.SubmissionMessage)!, delay))))
            .Returns(Task.CompletedTask);
    }

    [Fact]
    public async Task TheLedgerHasTheIntentBeforeThePostAndTheTasksAfterIt()
    {
        var atPost = SubmissionState.Planned;
        await HandleAsync(context =>
        {
            atPost = _entry.State;
            return Accept(context);
        });
        Assert.Equal((SubmissionState.Posting, SubmissionState.Accepted, "b-1"), (atPost, _entry.State, _entry.BatchId));
        var body = JsonElement.Parse(Assert.Single(_server!.Seen).Body);
        Assert.Equal("https://example.com/1", body.GetProperty("inputs")[1].GetProperty("url").GetString());
        Assert.Equal("CA", body.GetProperty("shared_inputs").GetProperty("country").GetString());
        Assert.Matches("^s3://results/x/list/list-000000-[0-9a-f]{32}/$", body.GetProperty("shared_inputs").GetProperty("storage_url").GetString()!);
        Assert.StartsWith("https://hooks.test/api/callbacks/list-000000/", body.GetProperty("shared_inputs").GetProperty("callback_url").GetString());
    }

    [Fact]
    public async Task AMessageRedeliveredDuringItsPostMakesSweepLookAtOnce()
    {
        _entry = _entry with { State = SubmissionState.Posting, PostedAt = Some.Time, DueAt = Some.Time.AddSeconds(10) };
        await HandleAsync(Accept);
        Assert.Empty(_server!.Seen);
        Assert.Equal((SubmissionState.Posting, Some.Time), (_entry.State, _entry.DueAt));
    }

    [Fact]
    public async Task ALedgerFailureAfterThePostCausesNoSecondPost()
    {
        var stage = await StageAsync(Accept);
        _ledger.SetupSequence(l => l.AddTasksAsync(Message.SubmissionId, It.IsAny<IReadOnlyList<TaskEntry>>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(PipelineException.Transient(FailureReasons.Unavailable, "The ledger is unavailable."));
        await Assert.ThrowsAsync<PipelineException>(() => HandleAsync(stage));
        await HandleAsync(stage);
        Assert.Single(_server!.Seen);
        Assert.Equal(SubmissionState.Posting, _entry.State);
    }

    [Fact]
    public async Task AWorkerThatIsNotFirstToWriteTheIntentPostsNothing()
    {
        var stage = await StageAsync(Accept);
        _ledger.Setup(l => l.UpdateSubmissionAsync(It.IsAny<SubmissionEntry>(), It.IsAny<CancellationToken>())).ReturnsAsync((SubmissionEntry?)null);
        await HandleAsync(stage);
        Assert.Empty(_server!.Seen);
    }

    [Fact]
    public async Task AWorkerDelayedBetweenIntentAndPostStartsOver()
    {
        var stage = await StageAsync(Accept);
        var options = new PipelineOptions().Sweep;
        _ledger.Setup(l => l.UpdateSubmissionAsync(It.Is<SubmissionEntry>(e => e.State == SubmissionState.Posting), It.IsAny<CancellationToken>()))
            .Callback(() => _time.Advance(options.PostingLease)).ReturnsAsync((SubmissionEntry e, CancellationToken _) => Update(e));
        await HandleAsync(stage);
        Assert.Empty(_server!.Seen);
        Assert.Equal(SubmissionState.Planned, _entry.State);
        Assert.Equal((Message, TimeSpan.Zero), Assert.Single(_sent));
    }

    [Theory]
    [InlineData(402, null, 60)]
    [InlineData(401, null, 60)]
    [InlineData(403, null, 60)]
    [InlineData(429, "7", 7)]
    [InlineData(429, "0", 5)]
    [InlineData(429, "0.001", 5)]
    [InlineData(429, "Wed, 21 Oct 2015 07:28:00 GMT", 5)]
    [InlineData(402, "0", 60)]
    [InlineData(402, "90", 90)]
    public async Task ARefusalOfTheAccountPausesAllSubmissionsAndIsRetried(int status, string? asked, int seconds)
    {
        var stage = await StageAsync(TestServer.Json("""{"status":"failed","msg":"no"}""", status, asked is null ? [] : [("Retry-After", asked)]));
        await HandleAsync(stage);
        await HandleAsync(stage);
        Assert.Single(_server!.Seen);
        Assert.Equal(SubmissionState.Planned, _entry.State);
        // The second message is a copy. It is delayed too only if the pause is so short that clocks may differ by as
        // much.
        Assert.Equal(Enumerable.Repeat(TimeSpan.FromSeconds(seconds), seconds < 30 ? 2 : 1), _sent.Select(s => s.Delay));
        _time.Advance(TimeSpan.FromSeconds(seconds));
        await HandleAsync(stage);
        Assert.Equal(2, _server.Seen.Count);
    }

    [Fact]
    public async Task AMessageIsNotACopyBecauseAClockWasADayAhead()
    {
        var stage = await StageAsync(TestServer.Json("""{"status":"failed","msg":"no"}""", 402));
        await HandleAsync(stage);
        _entry = _entry with { DueAt = _entry.DueAt + TimeSpan.FromDays(1) };
        await HandleAsync(stage);
        Assert.Equal(2, _sent.Count);
    }

    [Fact]
    public async Task ARefusalOfTheContentFailsItsInputsPermanently()
    {
        await HandleAsync(TestServer.Json("""{"status":"failed","msg":"bad country","details":{"schema_validation_errors":["shared_inputs.country: bad"]}}""", 400));
        Assert.Equal(SubmissionState.Refused, _entry.State);
        Assert.All(_inputs, i => Assert.Equal((InputState.Failed, FailureReasons.SubmissionRefused), (i.State, i.Reason)));
        Assert.All(_inputs, i => Assert.Contains("bad country", i.Failure));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(555)]
    public async Task AnInconclusiveAnswerLeavesTheSubmissionUnknown(int status)
    {
        var stage = await StageAsync(TestServer.Json("{}", status));
        await HandleAsync(stage);
        await HandleAsync(stage);
        Assert.Equal(SubmissionState.Unknown, _entry.State);
        Assert.Single(_server!.Seen);
        Assert.Empty(_sent);
    }

    [Fact]
    public async Task WhatSweepFindsDuringThePostIsKept()
    {
        await HandleAsync(async context =>
        {
            _entry = _entry with { State = SubmissionState.Accepted, BatchId = "b-1", Version = _entry.Version + "1" };
            await TestServer.Json("{}", 500)(context);
        });
        Assert.Equal(SubmissionState.Accepted, _entry.State);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
    }

    private static Task Accept(HttpContext context) =>
        TestServer.Json("""{"batch_id":"b-1","batch_size":2,"tasks":[{"id":"t-2","state":"pending"},{"id":"t-1","state":"pending"}]}""")(context);

    private SubmissionEntry? Update(SubmissionEntry entry) =>
        entry.Version == _entry.Version ? _entry = entry with { Version = entry.Version + "1" } : null;

    private async Task HandleAsync(Func<HttpContext, Task> answer) => await HandleAsync(await StageAsync(answer));

    private static Task HandleAsync(SubmitStage stage) =>
        stage.HandleAsync(JsonSerializer.SerializeToUtf8Bytes(Message, PipelineJson.Plain.SubmissionMessage), TestContext.Current.CancellationToken);

    private async Task<SubmitStage> StageAsync(Func<HttpContext, Task> answer)
    {
        _server = await TestServer.StartAsync(answer);
        var settings = new PipelineOptions
        {
            Nimble = { ApiKey = "key", BaseUrl = _server.Address, RequestsPerSecond = 10_000 },
            Delivery = { StorageUrl = "s3://results/x", CallbackBase = new("https://hooks.test") },
        };
        settings.Delivery.CallbackKeys.Add(Convert.ToBase64String(Encoding.ASCII.GetBytes(new string('k', 32))));
        var options = Microsoft.Extensions.Options.Options.Create(settings);
        var nimble = new NimbleClient(_http, options, TimeProvider.System, NullLogger<NimbleClient>.Instance);
        var store = RecordStores.Mock().Object;
        var outcomes = new OutcomeRecorder(
            _ledger.Object, store, new(store, []), new OpenInputs(_ledger.Object), new(_ledger.Object, _time), _time);
        var repeats = new Resubmission(_ledger.Object, _queue.Object, new(_ledger.Object, _time), options, _time, NullLogger<Resubmission>.Instance);
        var refusals = new Refusals(_ledger.Object, repeats, outcomes, options, NullLogger<Refusals>.Instance);
        var holds = new SubmissionHolds(_ledger.Object, _queue.Object, outcomes, options, _time, NullLogger<SubmissionHolds>.Instance);
        var gate = new SubmissionGate(_time);
        var budget = new BudgetGuard(_ledger.Object, options);
        var canaries = new CanaryGuard(_ledger.Object, _queue.Object, options, _time, NullLogger<CanaryGuard>.Instance);
        var guards = new SubmitGuards(_queue.Object, holds, repeats, canaries, budget, gate, options, NullLogger<SubmitGuards>.Instance);
        return new(_ledger.Object, _queue.Object, nimble, new CallbackTokens(options), repeats, refusals, holds, guards, budget, gate, options, _time, NullLogger<SubmitStage>.Instance);
    }
}
