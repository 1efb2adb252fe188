using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;

namespace Pipeline.Records;

/// <summary>
/// Keeps a message hidden while it is handled. Every extension makes a new pop receipt, and only the newest one deletes
/// the message, so extending and deleting never overlap.
/// </summary>
internal sealed class MessageLease : IAsyncDisposable
{
    private const int MaxDoublings = 20;

    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(10);

    private readonly QueueClient _queue;
    private readonly TimeSpan _lease;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Task _extending;
    private string _receipt;

    public MessageLease(QueueClient queue, QueueMessage message, TimeSpan lease, TimeProvider time)
    {
        (_queue, Message, _receipt, _lease, _time) = (queue, message, message.PopReceipt, lease, time);
        _extending = ExtendAsync();
    }

    public QueueMessage Message { get; }

    /// <summary>Number of times the message was received, including this one.</summary>
    public long Tries => Message.DequeueCount;

    /// <summary>Whether another consumer may have the message.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Deletes the message; false if the lease was lost.</summary>
    public Task<bool> DeleteAsync(CancellationToken cancellationToken) =>
        EndAsync(() => _queue.DeleteMessageAsync(Message.MessageId, _receipt, cancellationToken), cancellationToken);

    /// <summary>
    /// Makes the message visible again after a delay, which doubles with each attempt up to ten minutes.
    /// </summary>
    public async Task ReleaseAsync(TimeSpan delay)
    {
        var wait = delay * Math.Pow(2, Math.Min(Tries - 1, MaxDoublings));
        try
        {
            await EndAsync(
                () => UpdateAsync(wait < LongestDelay ? wait : LongestDelay, CancellationToken.None),
                CancellationToken.None);
        }
        // The lease ends by itself. No exception here may hide the error that led here.
        catch (Exception)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _extending;
        _stop.Dispose();
        _turn.Dispose();
    }

    private async Task<bool> EndAsync(Func<Task> end, CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (!IsLost)
                await end();
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            IsLost = true;
        }
        finally
        {
            _turn.Release();
        }
        return !IsLost;
    }

    private async Task ExtendAsync()
    {
        using var timer = new PeriodicTimer(_lease / 3, _time);
        while (!IsLost)
        {
            try
            {
                await timer.WaitForNextTickAsync(_stop.Token);
                await _turn.WaitAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await ExtendOnceAsync();
            _turn.Release();
        }
    }

    private async Task ExtendOnceAsync()
    {
        try
        {
            // Do not cancel a running extension: if the service made it and its answer is lost, the receipt is invalid.
            if (!_stop.IsCancellationRequested)
                await UpdateAsync(_lease, CancellationToken.None);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            IsLost = true;
        }
        // The service is busy or unreachable, or sign-in failed. Two more extensions are due before the lease ends.
        catch (Exception)
        {
        }
    }

    private async Task UpdateAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        var updated = await _queue.UpdateMessageAsync(
            Message.MessageId, _receipt, (string?)null, delay, cancellationToken);
        _receipt = updated.Value.PopReceipt;
    }
}
