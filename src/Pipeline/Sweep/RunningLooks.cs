using Microsoft.Extensions.Logging;
using Pipeline.Model;

namespace Pipeline.Sweep;

/// <summary>
/// The looks at submissions that are under way. A look waits for answers of the API most of the time. One that is slow
/// goes on by itself: it holds up neither the pass that began it nor the looks at other lists.
/// </summary>
internal sealed partial class RunningLooks(TimeProvider time, ILogger<RunningLooks> logger) : IAsyncDisposable
{
    private const int PerList = 4;
    private const int InAll = 16;

    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Look> _running = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Takes a look at each submission, except where it or its list is kept waiting by slow ones.</summary>
    /// <param name="due">In the order of their turns.</param>
    /// <param name="look">One look. What it throws ends the pass.</param>
    /// <param name="cancellationToken">Ends all that were begun here.</param>
    public async Task RunAsync(
        IEnumerable<SubmissionEntry> due, Func<SubmissionEntry, CancellationToken, Task> look,
        CancellationToken cancellationToken)
    {
        var waiting = due.ToList();
        var begun = new List<Look>();
        while (true)
        {
            waiting.RemoveAll(submission => TryBegin(submission, look, begun, cancellationToken));
            if (begun.Count == 0)
                return;
            await WaitAsync(begun, cancellationToken);
            foreach (var ended in begun.Where(one => one.Task.IsCompleted))
                await ended.Task;
            begun.RemoveAll(one => one.Task.IsCompleted || IsSlow(one));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task[] running;
        lock (_lock)
            running = [.. _running.Values.Select(one => one.Task)];
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private bool IsSlow(Look look) => time.GetElapsedTime(look.BegunAt) >= Slow;

    /// <summary>Begins a look where there is room for it.</summary>
    /// <returns>Whether it need not be begun any more.</returns>
    private bool TryBegin(
        SubmissionEntry submission, Func<SubmissionEntry, CancellationToken, Task> look, List<Look> begun,
        CancellationToken cancellationToken)
    {
        Look one;
        lock (_lock)
        {
            if (_running.ContainsKey(submission.SubmissionId))
                return true;
            if (_running.Count >= InAll || _running.Values.Count(other => other.ListId == submission.ListId) >= PerList)
                return false;
            one = new(submission.ListId, time.GetTimestamp());
            _running[submission.SubmissionId] = one;
        }

        one.Task = Task.Run(() => LookAsync(submission, one, look, cancellationToken), CancellationToken.None);
        begun.Add(one);
        return true;
    }

    private async Task LookAsync(
        SubmissionEntry submission, Look one, Func<SubmissionEntry, CancellationToken, Task> look,
        CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        try
        {
            await look(submission, stop.Token);
        }
        // Whoever began it does not wait for it any more; the next pass meets the same fault.
        catch (Exception error) when (IsSlow(one))
        {
            LogLeft(error is OperationCanceledException ? null : error, submission.SubmissionId);
        }
        finally
        {
            lock (_lock)
                _running.Remove(submission.SubmissionId);
        }
    }

    /// <summary>Waits for the end of one, or until the oldest counts as slow.</summary>
    private async Task WaitAsync(List<Look> begun, CancellationToken cancellationToken)
    {
        var left = Slow - time.GetElapsedTime(begun.Min(one => one.BegunAt));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var slow = Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, stop.Token);
        await Task.WhenAny([.. begun.Select(one => one.Task), slow]);
        await stop.CancelAsync();
        if (!cancellationToken.IsCancellationRequested)
            return;
        await Task.WhenAll(begun.Select(one => one.Task)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "A slow look at submission {SubmissionId} did not end well; it comes again.")]
    private partial void LogLeft(Exception? error, string submissionId);

    private sealed class Look(string listId, long begunAt)
    {
        public string ListId => listId;

        public long BegunAt => begunAt;

        public Task Task { get; set; } = Task.CompletedTask;
    }
}
