using System.Text;
using Pipeline.Functions.Tests.Host.Protocol;
using Pipeline.Model;
using Pipeline.Stores.Azure.Queues;

namespace Pipeline.Functions.Tests.Host;

/// <summary>
/// Acts as the host's queue extension: receives messages, invokes the functions, deletes messages that succeeded and
/// dead-letters those that failed five times.
/// </summary>
internal static class QueueListener
{
    internal static readonly (string Queue, string Function, string DeadLetters)[] Triggers =
    [
        (QueueNames.UrlLists, "Intake", "DeadLetterUrlLists"),
        (QueueNames.Submissions, "Submit", "DeadLetterSubmissions"),
        (QueueNames.Results, "Collect", "DeadLetterResults"),
    ];

    /// <summary>Delivers each message that is visible now once.</summary>
    /// <returns>The number of delivered messages.</returns>
    public static async Task<int> DeliverAsync(FunctionsApp app, CancellationToken cancellationToken)
    {
        var delivered = 0;
        foreach (var (queue, function, deadLetters) in Triggers)
        {
            var messages = (
                await app.Receiver.ReceiveAsync(queue, 32, TimeSpan.FromMinutes(10), cancellationToken)).Messages;
            delivered += messages.Count;
            await Task.WhenAll(messages.Select(async message =>
            {
                // The host passes the text in the queue, which for a large message is the claim.
                var text = message is StorageMessage stored ? stored.Text : Encoding.UTF8.GetString(message.Body.Span);
                var result = await app.Host.InvokeQueueAsync(function, text, message.DequeueCount);
                if (result.Status == StatusResult.Types.Status.Success)
                    await app.Receiver.CompleteAsync(message, cancellationToken);
                else if (message.DequeueCount < 5)
                    await app.Receiver.AbandonAsync(message, TimeSpan.Zero, "failed", cancellationToken);
                else
                {
                    await app.Receiver.DeadLetterAsync(message, "failed", cancellationToken);
                    Assert.Equal(
                        StatusResult.Types.Status.Success, (await app.Host.InvokeQueueAsync(deadLetters, text)).Status);
                }
            }));
        }
        return delivered;
    }
}
