using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace Pipeline.Records;

/// <summary>
/// Receives messages from queue <c>records</c> and returns the records that they name. It extends a message's lease
/// while you handle its records, deletes the message when all have been handled, skips records that were already
/// handled, and moves messages that keep failing to the poison queue. Several readers, in any number of processes, can
/// share a queue.
/// </summary>
public sealed class RecordQueueReader
{
    private readonly MessageSource<PartMessage> _messages;
    private readonly PartReader _reader;
    private readonly RecordQueueOptions _options;

    /// <summary>Creates a reader. It does not connect yet.</summary>
    /// <param name="queue">
    /// The queue <c>records</c>, with the SDK's default encoding: messages are plain text, not base64.
    /// </param>
    /// <param name="records">The container <c>records</c>.</param>
    /// <param name="options">Options; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public RecordQueueReader(
        QueueClient queue, BlobContainerClient records, RecordQueueOptions? options = null, TimeProvider? time = null)
    {
        _options = options ?? new();
        _messages = new(queue, PartMessage.Parse, _options, time ?? TimeProvider.System);
        _reader = new(records, _options.Reader);
    }

    /// <summary>
    /// Returns records until cancelled, or until the queue is empty. Asking for the next record confirms that the last
    /// one has been handled. If the loop ends earlier, by <c>break</c> or an exception, the message arrives again.
    /// </summary>
    /// <param name="untilEmpty">
    /// Whether to end when the queue has no visible message; otherwise the method waits.
    /// </param>
    /// <param name="cancellationToken">Ends the loop.</param>
    /// <remarks>
    /// If a record cannot be read, its message is postponed after its other records were returned, and reading
    /// continues with the next message (<see cref="RecordQueueOptions.OnProblem"/>).
    /// </remarks>
    /// <exception cref="RequestFailedException">The account refused or failed, after the SDK's own retries.</exception>
    /// <exception cref="InvalidOperationException">The client of the queue expects base64.</exception>
    public async IAsyncEnumerable<Record> ReadAsync(
        bool untilEmpty = false, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var message in _messages.ReceiveAllAsync(untilEmpty, cancellationToken))
        {
            await using var part = Open(message);
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
    /// Receives one message, for consumers that handle all of its records together, for example in one transaction.
    /// </summary>
    /// <returns>The message, which the caller completes and disposes; null if none is visible.</returns>
    public async Task<ReceivedPart?> ReceiveAsync(CancellationToken cancellationToken = default) =>
        await _messages.ReceiveAsync(cancellationToken) is { } message ? Open(message) : null;

    private ReceivedPart Open((MessageLease Lease, PartMessage Message) received) =>
        new(received.Lease, received.Message, _reader, _options);

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
}
