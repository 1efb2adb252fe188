using System.Text;
using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Queues;

namespace Pipeline.Stores.Azure.Erasing;

/// <summary>
/// Deletes the messages of a list. A queue cannot be searched, so each message is received, and those of other lists
/// are made visible again. Messages that a worker holds, or that are delayed, cannot be received. When they arrive, the
/// ledger no longer knows the list, and they are dropped.
/// </summary>
internal sealed class QueueErasure(AzureAccount account, ClaimChecks claims)
{
    private const int PerRequest = 32;

    // New messages of a busy queue belong to other lists, because the ledger no longer knows this one.
    private const int MaxNew = 1000;

    // If this process is killed, other workers wait this long for the messages. It is as long as a queue of a million
    // messages needs.
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private static readonly string[] Work =
        [QueueNames.UrlLists, QueueNames.Submissions, QueueNames.Results, QueueNames.Notifications, QueueNames.Exports];

    private static readonly string[] Announcements =
        [AzureNames.RecordsQueue, AzureNames.FailuresQueue, AzureNames.ManifestsQueue];

    /// <summary>Deletes the messages.</summary>
    public async Task<ErasedParts> EraseAsync(
        Func<string, ReadOnlyMemory<byte>, CancellationToken, Task<bool>> isOfList,
        CancellationToken cancellationToken)
    {
        var erased = 0L;
        foreach (var name in Work.Concat(Announcements))
            erased += await EraseAsync(name, name, isOfList, cancellationToken);
        foreach (var name in Work)
            erased += await EraseAsync(name, name + QueueNames.PoisonSuffix, isOfList, cancellationToken);
        return new() { Messages = erased };
    }

    private async Task<long> EraseAsync(
        string kind, string name, Func<string, ReadOnlyMemory<byte>, CancellationToken, Task<bool>> isOfList,
        CancellationToken cancellationToken)
    {
        var queue = account.Queue(name);
        // Check first, because a receive creates a missing queue.
        if (!await queue.RunAsync(async q => (await q.ExistsAsync(cancellationToken)).Value, cancellationToken))
            return 0;
        var (erased, others) = (0L, new List<QueueMessage>());
        var left = await CountAsync(queue, cancellationToken) + MaxNew;
        try
        {
            while (left > 0 && await ReceiveAsync(queue, cancellationToken) is { Length: > 0 } received)
            {
                left -= received.Length;
                foreach (var message in received)
                {
                    if (!await isOfList(kind, await ReadAsync(message, cancellationToken), cancellationToken))
                        others.Add(message);
                    else if (await TryAsync(
                        queue, q => q.DeleteMessageAsync(message.MessageId, message.PopReceipt, cancellationToken),
                        cancellationToken))
                        erased++;
                }
            }
        }
        finally
        {
            foreach (var message in others)
                await GiveBackAsync(queue, message);
        }

        return erased;
    }

    private static async Task<long> CountAsync(
        AzureResource<QueueClient> queue, CancellationToken cancellationToken) =>
        (await queue.RunAsync(
            q => q.GetPropertiesAsync(cancellationToken), cancellationToken)).Value.ApproximateMessagesCountLong;

    private static async Task<QueueMessage[]> ReceiveAsync(
        AzureResource<QueueClient> queue, CancellationToken cancellationToken) =>
        (await queue.RunAsync(
            q => q.ReceiveMessagesAsync(PerRequest, Lease, cancellationToken), cancellationToken)).Value;

    private async Task<ReadOnlyMemory<byte>> ReadAsync(QueueMessage message, CancellationToken cancellationToken)
    {
        var body = MessageText.Decode(Encoding.UTF8.GetBytes(message.Body.ToString()));
        try
        {
            return await claims.RedeemAsync(body, cancellationToken);
        }
        catch (PipelineException unusable) when (unusable.IsPermanent)
        {
            return body;
        }
    }

    /// <summary>
    /// Makes a message of another list visible again. If the next receive could poison it, because it was received too
    /// often, it is sent again, which resets the count.
    /// </summary>
    private static async Task GiveBackAsync(AzureResource<QueueClient> queue, QueueMessage message)
    {
        if (message.DequeueCount < Tries.Max - 1)
        {
            await TryAsync(
                queue,
                q => q.UpdateMessageAsync(
                    message.MessageId, message.PopReceipt, message.Body, TimeSpan.Zero, CancellationToken.None),
                CancellationToken.None);
            return;
        }

        await queue.RunAsync(
            q => q.SendMessageAsync(message.Body, TimeSpan.Zero, StorageWorkQueue.Never, CancellationToken.None),
            CancellationToken.None);
        await TryAsync(
            queue, q => q.DeleteMessageAsync(message.MessageId, message.PopReceipt, CancellationToken.None),
            CancellationToken.None);
    }

    /// <summary>Returns false if another worker has the message now.</summary>
    private static async Task<bool> TryAsync<T>(
        AzureResource<QueueClient> queue, Func<QueueClient, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            await queue.RunAsync(call, cancellationToken);
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 400 or 404)
        {
            return false;
        }
    }
}
