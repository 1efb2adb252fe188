using Azure;
using Azure.Storage.Queues;

namespace Pipeline.Stores.Azure.Records;

/// <summary>
/// The last messages that this process sent to consumers, with the receipts that allow it to delete them. A message
/// that was sent about a list during its erasure is deleted, unless a consumer has received it.
/// </summary>
internal sealed class SentAnnouncements
{
    // Far more messages than are sent between an announcement and the check whether its list is erased.
    private const int Kept = 4096;

    private readonly Lock _lock = new();
    private readonly Queue<Sent> _sent = new();

    /// <summary>Adds a message.</summary>
    public void Add(string listId, AzureResource<QueueClient> queue, string messageId, string receipt)
    {
        lock (_lock)
        {
            if (_sent.Count == Kept)
                _sent.Dequeue();
            _sent.Enqueue(new(listId, queue, messageId, receipt));
        }
    }

    /// <summary>Deletes the messages about a list.</summary>
    public async Task TakeBackAsync(string listId, CancellationToken cancellationToken)
    {
        List<Sent> all;
        lock (_lock)
            all = [.. _sent.Where(sent => sent.ListId == listId)];
        foreach (var sent in all)
            await DeleteAsync(sent, cancellationToken);
    }

    private static async Task DeleteAsync(Sent sent, CancellationToken cancellationToken)
    {
        try
        {
            await sent.Queue.RunAsync(
                q => q.DeleteMessageAsync(sent.MessageId, sent.Receipt, cancellationToken), cancellationToken);
        }
        // A consumer has it or has deleted it.
        catch (RequestFailedException e) when (e.Status is 400 or 404)
        {
        }
    }

    private sealed record Sent(
        string ListId, AzureResource<QueueClient> Queue, string MessageId, string Receipt);
}
