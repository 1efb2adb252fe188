using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Model;
using Pipeline.Sweep;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Sweep;

/// <summary>A slow check delays neither its pass nor the checks of other lists.</summary>
[Trait("Promise", "9")]
public sealed class RunningLooksTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly RunningLooks _looks;
    private readonly ConcurrentQueue<string> _begun = [];
    private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RunningLooksTests() => _looks = new(_time, NullLogger<RunningLooks>.Instance);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task APassEndsEvenIfTheLooksAtOneListDoNot()
    {
        var pass = RunAsync([.. Many("slow", 20), .. Many("quick", 3)]);
        await Patience.UntilAsync(() => Begun("quick") == 3 && Begun("slow") == 4);
        await _time.AdvanceUntilAsync(pass, TimeSpan.FromSeconds(1));
        Assert.Equal((3, 4), (Begun("quick"), Begun("slow")));

        // The next pass skips the slow list while its checks are running.
        _begun.Clear();
        await RunAsync([.. Many("slow", 20), .. Many("quick", 3)]);
        Assert.Equal(["quick-000000", "quick-000001", "quick-000002"], _begun.Order());

        _answer.SetResult();
    }

    [Fact]
    public async Task AllLooksRunInOnePassIfNoneIsSlow()
    {
        _answer.SetResult();
        await RunAsync([.. Many("slow", 40), .. Many("quick", 40)]);
        Assert.Equal(80, _begun.Distinct().Count());
    }

    [Fact]
    public async Task AnExceptionOfALookEndsThePassThatStartedIt() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => _looks.RunAsync(
            Many("a", 2), (_, _) => throw new InvalidOperationException("The store is gone."), Ct));

    [Fact]
    public async Task ACallerThatStopsWaitsForItsLooksToStop()
    {
        using var stop = new CancellationTokenSource();
        var ended = 0;
        var pass = _looks.RunAsync(Many("a", 2), async (_, token) =>
        {
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, token);
            }
            finally
            {
                Interlocked.Increment(ref ended);
            }
        }, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pass);
        Assert.Equal(2, ended);
    }

    public async ValueTask DisposeAsync()
    {
        _answer.TrySetResult();
        await _looks.DisposeAsync();
    }

    private Task RunAsync(IEnumerable<SubmissionEntry> due) => _looks.RunAsync(due, async (submission, _) =>
    {
        _begun.Enqueue(submission.SubmissionId);
        if (submission.ListId == "slow")
            await _answer.Task;
    }, Ct);

    private int Begun(string list) => _begun.Count(id => id.StartsWith(list, StringComparison.Ordinal));

    private static IEnumerable<SubmissionEntry> Many(string list, int count) =>
        Enumerable.Range(0, count).Select(i => Some.Submission(list, i));
}
