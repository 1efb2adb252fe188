using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Nimble;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Nimble;

/// <summary>Requests keep to the rate limit, and every request gets its turn.</summary>
[Trait("Promise", "9")]
public sealed class RequestPacerTests
{
    private static readonly TimeSpan Deadline = Patience.Limit;

    private readonly FakeTimeProvider _time = new();
    private readonly RequestPacer _pacer;

    public RequestPacerTests() => _pacer = new(10, _time);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RequestsKeepToTheRateLimit()
    {
        var turns = Reads("s-1", 30);
        Assert.Equal(10, turns.Count(t => t.IsCompleted));
        _time.Advance(TimeSpan.FromSeconds(1.01));
        await Patience.UntilAsync(() => turns.Count(t => t.IsCompleted) >= 20);
        Assert.Equal(20, turns.Count(t => t.IsCompleted));
        _time.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(turns);
    }

    [Fact]
    public async Task APostWaitsForOnlyOneReadButKeepsToTheRate()
    {
        var reads = Reads("s-1", 5000);
        var posts = Enumerable.Range(0, 2).Select(_ => _pacer.WaitToPostAsync(Ct)).ToArray();
        Assert.DoesNotContain(posts, s => s.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(0.31));
        await Task.WhenAll(posts).WaitAsync(Deadline, Ct);

        Assert.InRange(reads.Count(r => r.IsCompleted), 10, 11);
    }

    [Fact]
    public async Task ReadsGetEveryOtherTurnHoweverManyPostsWait()
    {
        var posts = Enumerable.Range(0, 5000).Select(_ => _pacer.WaitToPostAsync(Ct)).ToArray();
        var reads = Reads("s-1", 2);

        _time.Advance(TimeSpan.FromSeconds(0.41));
        await Task.WhenAll(reads).WaitAsync(Deadline, Ct);
        await Patience.UntilAsync(() => posts.Count(p => p.IsCompleted) >= 11);

        Assert.InRange(posts.Count(p => p.IsCompleted), 11, 12);
    }

    [Fact]
    public async Task ASubmissionThatAsksForManyTasksDelaysAnotherByOneTurnEach()
    {
        var many = Reads("s-1", 5000);
        var few = Reads("s-2", 3);

        _time.Advance(TimeSpan.FromSeconds(0.61));
        await Task.WhenAll(few).WaitAsync(Deadline, Ct);
        await Patience.UntilAsync(() => many.Count(r => r.IsCompleted) >= 12);

        Assert.InRange(many.Count(r => r.IsCompleted), 12, 13);
    }

    [Fact]
    public async Task ACancelledRequestTakesNoTurn()
    {
        Reads("s-1", 10);
        using var stop = new CancellationTokenSource();
        var stopped = Enumerable.Range(0, 1000).Select(_ => _pacer.WaitToReadAsync("s-1", stop.Token)).ToArray();
        var last = _pacer.WaitToReadAsync("s-1", Ct);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(stopped));

        _time.Advance(TimeSpan.FromSeconds(0.11));
        await last.WaitAsync(Deadline, Ct);
    }

    /// <summary>A read takes a turn of the submission that needs it; reads of lists take turns of their own.</summary>
    [Fact]
    public async Task EveryReadTakesATurnOfItsSubmission()
    {
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync("{}", Ct));
        await using var rig = NimbleRig.At(server.Address, _time, o => o.RequestsPerSecond = 1);
        await rig.Client.GetTaskAsync("s-1", "first", Ct);
        var made = Enumerable.Range(0, 100).Select(n => rig.Client.GetTaskAsync("s-1", $"made-up-{n}", Ct)).ToArray();
        Task[] others =
        [
            rig.Client.GetTaskAsync("s-2", "t-1", Ct), rig.Client.GetBatchAsync("s-3", "b-1", Ct),
            rig.Client.GetProgressAsync("s-4", "b-2", Ct), rig.Client.OpenResultsAsync("s-5", "t-2", Ct),
            rig.Client.ListTasksAsync(Ct)
                .CountAsync(Ct)
                .AsTask(), rig.Client.ListBatchesAsync(Ct)
                .CountAsync(Ct)
                .AsTask(),
        ];

        for (var second = 0; second < 7; second++)
            _time.Advance(TimeSpan.FromSeconds(1.001));
        await Task.WhenAll(others).ContinueWith(_ => { }, Ct).WaitAsync(Deadline, Ct);

        Assert.InRange(made.Count(m => m.IsCompleted), 0, 2);
    }

    private Task[] Reads(string submission, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => _pacer.WaitToReadAsync(submission, Ct))];
}
