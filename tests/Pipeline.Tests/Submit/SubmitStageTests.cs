using System.Text;
using System.Text.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Tests.Submit;

/// <summary>The intent protocol: whatever fails around the POST, there is no second one.</summary>
[Trait("Promise", "2")]
public sealed class SubmitStageTests : IAsyncDisposable
{
    private const string Submission = "list-000000";
    private const string List =
        """
        {"list_id":"list","inputs":[{"url":"https://example.com/0"},{"url":"https://example.com/1"}],
        "shared_inputs":{"country":"CA"}}
        """;

    private readonly List<TimeSpan> _sent = [];
    private Action<string, object?[]> _before = (_, _) => { };
    private SubmitWorld? _world;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheIntentIsInTheLedgerBeforeThePostAndTheTasksAfterIt()
    {
        var world = await StartAsync();
        SubmissionState? atPost = null;
        world.Refuse = _ =>
        {
            atPost = Entry().State;
            return null;
        };
        await world.SubmitAsync(Submission);
        Assert.Equal(
            (SubmissionState.Posting, SubmissionState.Accepted, "b-1"), (atPost, Entry().State, Entry().BatchId));
        Assert.Equal(2, (await world.Ledger.GetTasksAsync(Submission, Token)).Count);
        var body = JsonElement.Parse(Assert.Single(world.Seen).Body);
        Assert.Equal("https://example.com/1", body.GetProperty("inputs")[1].GetProperty("url").GetString());
        var shared = body.GetProperty("shared_inputs");
        Assert.Equal("CA", shared.GetProperty("country").GetString());
        Assert.Matches(
            "^s3://results/x/list/list-000000-[0-9a-f]{32}/$", shared.GetProperty("storage_url").GetString()!);
        Assert.StartsWith(
            "https://hooks.test/api/callbacks/list-000000/", shared.GetProperty("callback_url").GetString());
    }

    [Fact]
    public async Task AMessageThatComesAgainDuringItsPostMakesSweepLookForThePostAtOnce()
    {
        var world = await StartAsync();
        await ChangeAsync(entry => entry with
        {
            State = SubmissionState.Posting, PostedAt = Now, DueAt = Now.AddSeconds(10),
        });
        await world.SubmitAsync(Submission);
        Assert.Empty(world.Seen);
        Assert.Equal((SubmissionState.Posting, Now), (Entry().State, Entry().DueAt));
    }

    [Fact]
    public async Task ALedgerThatFailsAfterThePostLeadsToNoSecondPost()
    {
        var world = await StartAsync();
        OnceBefore(nameof(ILedger.AddTasksAsync), _ => true, () =>
            throw PipelineException.Transient(FailureReasons.Unavailable, "The ledger is away."));
        await Assert.ThrowsAsync<PipelineException>(() => world.SubmitAsync(Submission));
        await world.SubmitAsync(Submission);
        Assert.Single(world.Seen);
        Assert.Equal(SubmissionState.Posting, Entry().State);
    }

    [Fact]
    public async Task WhoIsNotFirstToWriteTheIntentPostsNothing()
    {
        var world = await StartAsync();
        OnceBefore(nameof(ILedger.UpdateSubmissionAsync), IsIntent, () => Wait(ChangeAsync(entry => entry)));
        await world.SubmitAsync(Submission);
        Assert.Empty(world.Seen);
    }

    [Fact]
    public async Task WhoStallsBetweenIntentAndPostPostsNothingAndStartsOver()
    {
        var world = await StartAsync();
        OnceBefore(nameof(ILedger.UpdateSubmissionAsync), IsIntent, () =>
            world.State.Time.Advance(new PipelineOptions().Sweep.PostingLease));
        await world.SubmitAsync(Submission);
        Assert.Empty(world.Seen);
        Assert.Equal(SubmissionState.Planned, Entry().State);
        Assert.Equal(TimeSpan.Zero, Assert.Single(_sent));
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
    public async Task ARefusalThatConcernsAllPausesAllAndIsTriedAgain(int status, string? asked, int seconds)
    {
        var world = await StartAsync(status, """{"status":"failed","msg":"no"}""");
        world.RetryAfter = asked;
        await world.SubmitAsync(Submission);
        await world.SubmitAsync(Submission);
        Assert.Single(world.Seen);
        Assert.Equal(SubmissionState.Planned, Entry().State);
        // The second message was a copy. It is sent later too only if the pause is shorter than clocks may differ.
        Assert.Equal(Enumerable.Repeat(TimeSpan.FromSeconds(seconds), seconds < 30 ? 2 : 1), _sent);
        world.State.Time.Advance(TimeSpan.FromSeconds(seconds));
        await world.SubmitAsync(Submission);
        Assert.Equal(2, world.Seen.Count);
    }

    [Theory]
    [InlineData(429, "86400")]
    [InlineData(429, "9999999999")]
    [InlineData(402, "86400")]
    [Trait("Promise", "9")]
    public async Task ARefusalThatAsksForADayHoldsOtherSubmissionsForAQuarterOfAnHour(int status, string asked)
    {
        var world = await StartAsync(status, """{"status":"failed","msg":"no"}""");
        world.RetryAfter = asked;
        await world.SubmitAsync(Submission);
        world.State.Time.Advance(TimeSpan.FromMinutes(14));
        await world.SubmitAsync(Submission);
        Assert.Single(world.Seen);
        world.State.Time.Advance(TimeSpan.FromMinutes(1));
        await world.SubmitAsync(Submission);
        Assert.Equal(2, world.Seen.Count);
    }

    [Fact]
    public async Task AMessageIsNotTakenForACopyBecauseAClockWasADayAhead()
    {
        var world = await StartAsync(402, """{"status":"failed","msg":"no"}""");
        await world.SubmitAsync(Submission);
        await ChangeAsync(entry => entry with { DueAt = entry.DueAt + TimeSpan.FromDays(1) });
        await world.SubmitAsync(Submission);
        Assert.Equal(2, _sent.Count);
    }

    [Fact]
    public async Task ARefusalOfTheContentFailsItsInputsForGood()
    {
        var world = await StartAsync(400,
            """{"status":"failed","msg":"bad country","details":{"schema_validation_errors":"""
                + """["shared_inputs.country: bad"]}}""");
        await world.SubmitAsync(Submission);
        Assert.Equal(SubmissionState.Refused, Entry().State);
        var inputs = await world.InputsAsync();
        Assert.Equal(2, inputs.Count);
        Assert.All(
            inputs, i => Assert.Equal((InputState.Failed, FailureReasons.SubmissionRefused), (i.State, i.Reason)));
        Assert.All(inputs, i => Assert.Contains("bad country", i.Failure));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(555)]
    public async Task AnAnswerThatProvesNothingLeavesItUnknown(int status)
    {
        var world = await StartAsync(status, "{}");
        await world.SubmitAsync(Submission);
        await world.SubmitAsync(Submission);
        Assert.Equal(SubmissionState.Unknown, Entry().State);
        Assert.Single(world.Seen);
        Assert.Empty(_sent);
    }

    [Fact]
    public async Task WhatSweepFoundOutWhileThePostWasUnderWayStays()
    {
        var world = await StartAsync();
        world.Refuse = _ =>
        {
            Wait(ChangeAsync(entry => entry with { State = SubmissionState.Accepted, BatchId = "b-1" }));
            return (500, "{}");
        };
        await world.SubmitAsync(Submission);
        Assert.Equal(SubmissionState.Accepted, Entry().State);
    }

    public async ValueTask DisposeAsync()
    {
        if (_world is not null)
            await _world.DisposeAsync();
    }

    private DateTimeOffset Now => _world!.State.Time.GetUtcNow();

    private static bool IsIntent(object?[] arguments) =>
        arguments is [SubmissionEntry { State: SubmissionState.Posting }, ..];

    private static void Wait(Task task) => task.GetAwaiter().GetResult();

    /// <summary>Plans a list of two inputs. Each POST is refused with the status, if there is one.</summary>
    private async Task<SubmitWorld> StartAsync(int? refusal = null, string body = "{}")
    {
        _world = await SubmitWorld.StartAsync(
            options =>
            {
                options.Delivery.StorageUrl = "s3://results/x";
                options.Delivery.CallbackBase = new("https://hooks.test");
                options.Delivery.CallbackKeys.Add(Convert.ToBase64String(Encoding.ASCII.GetBytes(new string('k', 32))));
            },
            (method, arguments) => _before(method, arguments));
        _world.Refuse = _ => refusal is { } status ? (status, body) : null;
        await _world.PlanAsync(List);
        _before = Note;
        return _world;
    }

    /// <summary>Remembers with which delay messages of submissions are sent.</summary>
    private void Note(string method, object?[] arguments)
    {
        if (method == nameof(IWorkQueue.SendAsync) && arguments is [QueueNames.Submissions, _, TimeSpan delay, ..])
            _sent.Add(delay);
    }

    /// <summary>Runs an action before the first call of a method with such arguments.</summary>
    private void OnceBefore(string method, Func<object?[], bool> with, Action act)
    {
        var isDone = false;
        _before = (called, arguments) =>
        {
            Note(called, arguments);
            if (isDone || called != method || !with(arguments))
                return;
            isDone = true;
            act();
        };
    }

    private SubmissionEntry Entry() => _world!.Ledger.GetSubmissionAsync(Submission, Token).GetAwaiter().GetResult()!;

    private async Task ChangeAsync(Func<SubmissionEntry, SubmissionEntry> change) =>
        Assert.NotNull(await _world!.Ledger.UpdateSubmissionAsync(change(Entry()), Token));
}
