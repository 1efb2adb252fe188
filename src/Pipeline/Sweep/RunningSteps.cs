using Microsoft.Extensions.Logging;

namespace Pipeline.Sweep;

/// <summary>
/// Runs the steps of a pass at the same time, within limits. A slow step continues on its own: it delays neither the
/// pass that began it nor the steps of other lists.
/// </summary>
/// <typeparam name="T">What a step works on.</typeparam>
/// <param name="perList">Maximum number of steps of one list at once.</param>
/// <param name="inAll">Maximum number of steps at once.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal abstract partial class RunningSteps<T>(int perList, int inAll, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Step> _running = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();

    /// <summary>
    /// Takes a step with each item, except items that slow steps of the same item or list keep waiting.
    /// </summary>
    /// <param name="due">The items, in the order of their turns.</param>
    /// <param name="step">One step. An exception of it ends the pass.</param>
    /// <param name="cancellationToken">Cancels all steps that were begun here.</param>
    public async Task RunAsync(
        IEnumerable<T> due, Func<T, CancellationToken, Task> step, CancellationToken cancellationToken)
    {
        var waiting = due.ToList();
        var begun = new List<Step>();
        while (true)
        {
            waiting.RemoveAll(item => TryBegin(item, step, begun, cancellationToken));
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

    /// <summary>Identifies an item. Two steps with the same item never run at once.</summary>
    protected abstract string IdOf(T item);

    /// <summary>The list that an item belongs to.</summary>
    protected abstract string ListOf(T item);

    private bool IsSlow(Step step) => time.GetElapsedTime(step.BegunAt) >= Slow;

    /// <summary>Begins a step if there is room for it.</summary>
    /// <returns>Whether it no longer needs to be started.</returns>
    private bool TryBegin(
        T item, Func<T, CancellationToken, Task> step, List<Step> begun, CancellationToken cancellationToken)
    {
        var listId = ListOf(item);
        Step one;
        lock (_lock)
        {
            if (_running.ContainsKey(IdOf(item)))
                return true;
            if (_running.Count >= inAll || _running.Values.Count(other => other.ListId == listId) >= perList)
                return false;
            one = new(listId, time.GetTimestamp());
            _running[IdOf(item)] = one;
        }

        one.Task = Task.Run(() => TakeAsync(item, one, step, cancellationToken), CancellationToken.None);
        begun.Add(one);
        return true;
    }

    private async Task TakeAsync(
        T item, Step one, Func<T, CancellationToken, Task> step, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        try
        {
            await step(item, stop.Token);
        }
        // The pass that began it no longer waits. The next pass meets the same fault.
        catch (Exception error) when (IsSlow(one))
        {
            LogLeft(error is OperationCanceledException ? null : error, IdOf(item));
        }
        finally
        {
            lock (_lock)
                _running.Remove(IdOf(item));
        }
    }

    /// <summary>Waits until one step ends, or until the oldest counts as slow.</summary>
    private async Task WaitAsync(List<Step> begun, CancellationToken cancellationToken)
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
        Message = "A slow step of Sweep with {Id} failed; it will be repeated.")]
    private partial void LogLeft(Exception? error, string id);

    private sealed class Step(string listId, long begunAt)
    {
        public string ListId => listId;

        public long BegunAt => begunAt;

        public Task Task { get; set; } = Task.CompletedTask;
    }
}
