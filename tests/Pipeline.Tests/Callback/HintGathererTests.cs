using System.Text.Json;
using Moq;
using Pipeline.Callback;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Callback;

/// <summary>Hints of webhooks share messages, and no webhook is answered before its own hint is queued.</summary>
[Trait("Promise", "3")]
public sealed class HintGathererTests
{
    private const string Submission = "list-000000";
    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(250);

    private readonly AwaitedTime _time = new();
    private readonly Mock<IWorkQueue> _queue = new();
    private readonly List<string[]> _sent = [];
    private readonly HintGatherer _gatherer;
    private Task _sending = Task.CompletedTask;

    public HintGathererTests()
    {
        _gatherer = Gatherers.Of(_queue.Object, _time, GatherFor);
        _queue.Setup(
            q => q.SendAsync(
                QueueNames.Results, It.IsAny<IReadOnlyList<ReadOnlyMemory<byte>>>(), TimeSpan.Zero,
                It.IsAny<CancellationToken>()))
            .Returns((string _, IReadOnlyList<ReadOnlyMemory<byte>> messages, TimeSpan _, CancellationToken _) =>
            {
                _sent.AddRange(messages
                    .Select(m => JsonSerializer.Deserialize(m.Span, PipelineJson.Plain.ResultMessage)!)
                    .Select(message => message.Each().Select(one => one.TaskId).ToArray()));
                return _sending;
            });
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HintsThatComeWithinTheTimeShareAMessageAndAreAnsweredWithIt()
    {
        var hints = new List<Task>();
        for (var i = 0; i < 4; i++)
        {
            hints.Add(AddAsync($"t-{i}"));
            _time.Advance(TimeSpan.FromMilliseconds(50));
        }

        Assert.Empty(_sent);
        Assert.DoesNotContain(hints, hint => hint.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(50));

        await Task.WhenAll(hints);
        Assert.Equal([["t-0", "t-1", "t-2", "t-3"]], _sent);
    }

    [Fact]
    public async Task NoHintIsAnsweredBeforeItIsQueued()
    {
        var sending = new TaskCompletionSource();
        _sending = sending.Task;
        var hint = AddAsync("t-1");
        _time.Advance(GatherFor);

        await Patience.UntilAsync(() => _sent.Count == 1);
        Assert.False(hint.IsCompleted);
        sending.SetException(PipelineException.Transient(FailureReasons.Unavailable, "Down."));

        await Assert.ThrowsAsync<PipelineException>(() => hint);
    }

    [Fact]
    public async Task AFullMessageWaitsForNobody()
    {
        await Task.WhenAll(Enumerable.Range(0, ResultMessage.MaxTasks).Select(i => AddAsync($"t-{i}")));
        Assert.Equal(ResultMessage.MaxTasks, Assert.Single(_sent).Length);

        await _gatherer.AddAsync("list-000001", [.. Enumerable.Range(0, 40).Select(i => $"u-{i}")], Token);
        Assert.Equal([32, 32, 8], _sent.Select(ids => ids.Length));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task ASenderOfAFewAtATimeGetsItsAnswersSoon(int lanes)
    {
        var waited = TimeSpan.Zero;
        for (var round = 0; round < 64; round++)
        {
            var hints = Task.WhenAll(Enumerable.Range(0, lanes).Select(lane => AddAsync($"t-{round}-{lane}")));
            await Patience.UntilAsync(() =>
            {
                // Time that passes while a message is sent is not a wait for other hints.
                for (; _time.IsAwaited; waited += TimeSpan.FromMilliseconds(1))
                    _time.Advance(TimeSpan.FromMilliseconds(1));
                return hints.IsCompleted;
            });
            _time.Advance(TimeSpan.FromMilliseconds(2));
        }

        // Waiting the whole time in each round would take 16 s.
        Assert.InRange(waited, GatherFor, TimeSpan.FromSeconds(4));
        Assert.Equal(64 * lanes, _sent.Sum(ids => ids.Length));
    }

    [Fact]
    public void ATrickleIsGatheredAgainAfterASlowSender()
    {
        var pace = new GatherPace(GatherFor);
        var now = Some.Time;
        var waits = new List<TimeSpan>();
        for (var i = 0; i < 200; i++)
        {
            var wait = pace.Begin(now);
            waits.Add(wait);
            // At first no hint joins a wait; from the 100th message on, a hint arrives every 50 ms.
            var last = i < 100 ? now : now + TimeSpan.FromMilliseconds(Math.Floor(wait.TotalMilliseconds / 50) * 50);
            now += wait + TimeSpan.FromMilliseconds(50);
            pace.End(last, isFull: false);
        }

        Assert.InRange(waits.Take(100).Sum(wait => wait.TotalMilliseconds), 250, 2_000);
        Assert.All(waits.TakeLast(30), wait => Assert.Equal(GatherFor, wait));
    }

    [Fact]
    public async Task SubmissionsDoNotWaitForEachOther()
    {
        var hints = Enumerable.Range(0, 3).Select(i => _gatherer.AddAsync($"list-00000{i}", ["t"], Token)).ToList();
        _time.Advance(GatherFor);
        await Task.WhenAll(hints);
        Assert.Equal(3, _sent.Count);
    }

    private Task AddAsync(string taskId) => _gatherer.AddAsync(Submission, [taskId], Token);
}
