using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Azure.Storage.Queues.Specialized;

namespace Pipeline.Records;

/// <summary>Shared by all kinds of messages.</summary>
internal static class MessageSource
{
    /// <summary>The first wait at an empty queue.</summary>
    public static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(100);
}

/// <summary>Receives messages of one kind from a queue, and moves those that fail to its poison queue.</summary>
/// <param name="queue">The queue.</param>
/// <param name="parse">Parses a message; throws <see cref="RecordException"/> if it is of another kind.</param>
/// <param name="options">The options.</param>
/// <param name="time">The clock.</param>
internal sealed class MessageSource<T>(
    QueueClient queue, Func<string, T> parse, RecordQueueOptions options, TimeProvider time)
    where T : class
{
    private const string PoisonSuffix = "-poison";

    private static readonly TimeSpan Never = TimeSpan.FromSeconds(-1);

    private readonly QueueServiceClient _queues = queue.GetParentQueueServiceClient();

    /// <summary>
    /// Receives messages until cancelled, or until the queue is empty. The caller disposes each lease.
    /// </summary>
    public async IAsyncEnumerable<(MessageLease Lease, T Message)> ReceiveAllAsync(
        bool untilEmpty, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var wait = MessageSource.ShortestWait;
        while (true)
        {
            if (await ReceiveAsync(cancellationToken) is { } received)
            {
                wait = MessageSource.ShortestWait;
                yield return received;
                continue;
            }
            if (untilEmpty)
                yield break;
            await Task.Delay(wait, time, cancellationToken);
            wait = wait * 2 < options.LongestWait ? wait * 2 : options.LongestWait;
        }
    }

    /// <summary>Receives one message; null if none is visible.</summary>
    public async Task<(MessageLease Lease, T Message)?> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await ReceiveMessageAsync(cancellationToken) is not { } message)
                return null;
            if (message.DequeueCount > options.MaxTries)
                await PoisonAsync(message, $"it failed its last attempt ({options.MaxTries})", cancellationToken);
            else if (await TryParseAsync(message, cancellationToken) is { } parsed)
                return (new(queue, message, options.Lease, time), parsed);
        }
    }

    private async Task<QueueMessage?> ReceiveMessageAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await queue.ReceiveMessageAsync(options.Lease, cancellationToken)).Value;
        }
        // The pipeline creates a queue with its first message.
        catch (RequestFailedException e) when (e.ErrorCode == QueueErrorCode.QueueNotFound)
        {
            return null;
        }
        catch (FormatException e)
        {
            throw new InvalidOperationException(
                $"The client of queue '{queue.Name}' expects base64, and the messages are plain text. Create it "
                    + "without QueueClientOptions.MessageEncoding.",
                e);
        }
    }

    /// <summary>A message of another kind can never be read, so it is not tried again.</summary>
    private async Task<T?> TryParseAsync(QueueMessage message, CancellationToken cancellationToken)
    {
        try
        {
            return parse(message.Body.ToString());
        }
        catch (RecordException e)
        {
            await PoisonAsync(message, e.Message, cancellationToken);
            return null;
        }
    }

    /// <summary>
    /// Sends the message before deleting it, so that a crash leaves it in both queues and never in neither.
    /// </summary>
    private async Task PoisonAsync(QueueMessage message, string reason, CancellationToken cancellationToken)
    {
        var poison = _queues.GetQueueClient(queue.Name + PoisonSuffix);
        try
        {
            await poison.SendMessageAsync(message.Body, timeToLive: Never, cancellationToken: cancellationToken);
        }
        // Creating needs a wider role than sending, so an existing queue is not created again.
        catch (RequestFailedException e) when (e.Status == 404)
        {
            await poison.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            await poison.SendMessageAsync(message.Body, timeToLive: Never, cancellationToken: cancellationToken);
        }
        try
        {
            await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt, cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
        }
        options.OnProblem?.Invoke(new(message.Body.ToString(), reason, IsPoison: true));
    }
}
