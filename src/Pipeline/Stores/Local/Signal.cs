namespace Pipeline.Stores.Local;

/// <summary>Wakes one waiter. Without a waiter, the signal is kept for the next one.</summary>
internal sealed class Signal
{
    private TaskCompletionSource _set = New();

    public void Set() => Volatile.Read(ref _set).TrySetResult();

    /// <summary>Waits until the signal is set, or until the time has passed.</summary>
    public async Task WaitAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        var set = Volatile.Read(ref _set);
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            await Task.WhenAny(set.Task, Task.Delay(atMost, time, stop.Token));
            await stop.CancelAsync();
        }
        cancellationToken.ThrowIfCancellationRequested();
        if (set.Task.IsCompleted)
            Interlocked.CompareExchange(ref _set, New(), set);
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
