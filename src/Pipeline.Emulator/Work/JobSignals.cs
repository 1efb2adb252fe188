using System.Threading.Channels;
using Pipeline.Emulator.Store;

namespace Pipeline.Emulator.Work;

/// <summary>Wakes the lane of a kind of job when there is new work.</summary>
internal sealed class JobSignals(TimeProvider time)
{
    private readonly Channel<bool>[] _channels =
        [
            .. Enum.GetValues<JobKind>().Select(
                _ =>
                    Channel.CreateBounded<bool>(
                        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }))];

    public void Wake(JobKind kind) => _channels[(int)kind].Writer.TryWrite(true);

    /// <summary>Waits until the lane is woken or <paramref name="timeout"/> has passed.</summary>
    public async Task WaitAsync(JobKind kind, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reader = _channels[(int)kind].Reader;
        var woken = reader.WaitToReadAsync(stop.Token).AsTask();
        await Task.WhenAny(woken, Task.Delay(timeout, time, stop.Token));
        reader.TryRead(out _);
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
