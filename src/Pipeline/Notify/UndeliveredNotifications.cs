using System.Runtime.CompilerServices;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Notify;

/// <summary>Notifications that are not delivered, for people.</summary>
/// <param name="Waiting">Number of events that will still be tried; approximate on Azure.</param>
/// <param name="Dead">Events that were given up, at most 32.</param>
internal sealed record UndeliveredReport(long Waiting, IReadOnlyList<NotificationMessage> Dead);

/// <summary>Shows and resends the events that their receiver did not accept for a day.</summary>
internal sealed class UndeliveredNotifications(IWorkReceiver queues, IWorkQueue queue, Receiver receiver)
{
    private const int Page = 32;
    private const string Poison = QueueNames.Notifications + QueueNames.PoisonSuffix;

    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    /// <summary>Reads what was not delivered; changes nothing.</summary>
    public async Task<UndeliveredReport> ReadAsync(CancellationToken cancellationToken)
    {
        var dead = await queues.PeekAsync(Poison, Page, cancellationToken);
        return new(
            await queues.CountAsync(QueueNames.Notifications, cancellationToken),
            [.. dead.Select(TryRead).OfType<NotificationMessage>()]);
    }

    /// <summary>
    /// POSTs each event that was given up once more. One that fails stays given up, with its new error.
    /// </summary>
    /// <returns>Each event with the error of its delivery; the error is null if the event was delivered.</returns>
    public async IAsyncEnumerable<(NotificationMessage Message, string? Error)> SendAgainAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Failed events go back to the same queue and must not be received again.
        var left = await queues.CountAsync(Poison, cancellationToken);
        while (left > 0)
        {
            var delivery = await queues.ReceiveAsync(
                Poison, (int)Math.Min(left, Page), Lease, cancellationToken);
            if (delivery.Messages.Count == 0)
                yield break;
            left -= delivery.Messages.Count;
            foreach (var leased in delivery.Messages)
                if (TryRead(leased.Body) is { } message)
                    yield return (message, await SendAgainAsync(leased, message, cancellationToken));
        }
    }

    private async Task<string?> SendAgainAsync(
        IWorkMessage leased, NotificationMessage message, CancellationToken cancellationToken)
    {
        string? error = null;
        try
        {
            await receiver.PostAsync(message, cancellationToken);
        }
        catch (PipelineException problem)
        {
            error = problem.Message;
            var failed = message with { Tries = message.Tries + 1, Error = error };
            await queue.SendAsync(Poison, failed, TimeSpan.Zero, cancellationToken);
        }
        await queues.CompleteAsync(leased, CancellationToken.None);
        return error;
    }

    /// <summary>Null for a message that no stage wrote.</summary>
    private static NotificationMessage? TryRead(ReadOnlyMemory<byte> body)
    {
        try
        {
            return MessageReader.ReadNotification(body);
        }
        catch (PipelineException)
        {
            return null;
        }
    }
}
