using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Azure.Storage.Queues.Specialized;

namespace Pipeline.Records;

/// <summary>
/// Takes messages from queue <c>records</c> and gives the records that they name. It extends the lease of a message
/// while its records are handled, deletes the message when all were, leaves out records that were handled already, and
/// moves messages that fail again and again to the poison queue. Several readers, in any number of processes, share a
/// queue.
/// </summary>
public sealed class RecordQueueReader
{
    private const string PoisonSuffix = "-poison";

    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(-1);

    private readonly QueueServiceClient _queues;
    private readonly QueueClient _queue;
    private readonly PartReader _reader;
    private readonly RecordQueueOptions _options;
    private readonly TimeProvider _time;

    /// <summary>Creates a reader. It needs no connection yet.</summary>
    /// <param name="queue">
    /// The queue <c>records</c>, with the SDK's default encoding: messages are plain text, not base64.
    /// </param>
    /// <param name="records">The container <c>records</c>.</param>
    /// <param name="options">How it works; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public RecordQueueReader(
        QueueClient queue, BlobContainerClient records, RecordQueueOptions? options = null, TimeProvider? time = null)
    {
        (_queue, _options, _time) = (queue, options ?? new(), time ?? TimeProvider.System);
        _queues = queue.GetParentQueueServiceClient();
        _reader = new(records, _options.Reader);
    }

    /// <summary>
    /// Gives records until it is cancelled, or until the queue is empty. Asking for the next record says that the last
    /// one has been handled. If the loop ends before, by <c>break</c> or by an exception, the message comes again.
    /// </summary>
    /// <param name="untilEmpty">Whether to end when the queue has no visible message; otherwise it waits.</param>
    /// <param name="cancellationToken">Ends the loop.</param>
    /// <remarks>
    /// A record that cannot be read puts its message off; the reading goes on with the next message
    /// (<see cref="RecordQueueOptions.OnProblem"/>).
    /// </remarks>
    /// <exception cref="RequestFailedException">The account refused or failed, after the SDK's own retries.</exception>
    /// <exception cref="InvalidOperationException">The client of the queue expects base64.</exception>
    public async IAsyncEnumerable<Record> ReadAsync(
        bool untilEmpty = false, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var wait = ShortestWait;
        while (true)
        {
            await using var part = await ReceiveAsync(cancellationToken);
            if (part is null)
            {
                if (untilEmpty)
                    yield break;
                await Task.Delay(wait, _time, cancellationToken);
                wait = wait * 2 < _options.LongestWait ? wait * 2 : _options.LongestWait;
                continue;
            }
            wait = ShortestWait;
            await using var records = part.ReadAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (!part.IsLost && await MoveNextAsync(records, part) is { } record)
            {
                yield return record;
                await part.MarkAsync(record, cancellationToken);
            }
            if (!part.HasFailed && !part.IsLost)
                await part.CompleteAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Receives one message, for consumers that handle all of its records together, for instance in one transaction.
    /// </summary>
    /// <returns>The message, which the caller completes and disposes; null if none is visible.</returns>
    public async Task<ReceivedPart?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (await ReceiveMessageAsync(cancellationToken) is not { } message)
                return null;
            if (message.DequeueCount > _options.MaxTries)
                await PoisonAsync(message, $"it failed try {_options.MaxTries}, the last one", cancellationToken);
            else if (await TryParseAsync(message, cancellationToken) is { } part)
                return new(new(_queue, message, _options.Lease, _time), part, _reader, _options);
        }
    }

    private async Task<QueueMessage?> ReceiveMessageAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await _queue.ReceiveMessageAsync(_options.Lease, cancellationToken)).Value;
        }
        catch (FormatException e)
        {
            throw new InvalidOperationException(
                $"The client of queue '{_queue.Name}' expects base64, and the messages are plain text. Create it "
                    + "without QueueClientOptions.MessageEncoding.",
                e);
        }
    }

    private async Task<Record?> MoveNextAsync(IAsyncEnumerator<Record> records, ReceivedPart part)
    {
        try
        {
            return await records.MoveNextAsync() ? records.Current : null;
        }
        catch (RecordException e)
        {
            part.HasFailed = true;
            _options.OnProblem?.Invoke(new(part.Text, e.Message, IsPoison: false));
            return null;
        }
    }

    /// <summary>A message that is no part will never be one, so it is not tried again.</summary>
    private async Task<PartMessage?> TryParseAsync(QueueMessage message, CancellationToken cancellationToken)
    {
        try
        {
            return PartMessage.Parse(message.Body.ToString());
        }
        catch (RecordException e)
        {
            await PoisonAsync(message, e.Message, cancellationToken);
            return null;
        }
    }

    /// <summary>Sends before it deletes: a crash between leaves the message in both queues, never in none.</summary>
    private async Task PoisonAsync(QueueMessage message, string reason, CancellationToken cancellationToken)
    {
        var poison = _queues.GetQueueClient(_queue.Name + PoisonSuffix);
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
            await _queue.DeleteMessageAsync(message.MessageId, message.PopReceipt, cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
        }
        _options.OnProblem?.Invoke(new(message.Body.ToString(), reason, IsPoison: true));
    }
}
