using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Collect;
using Pipeline.Functions.Messages;
using Pipeline.Model;
using Pipeline.Stores.Azure;
using Pipeline.Sweep;

namespace Pipeline.Functions;

/// <summary>
/// Runs <see cref="CollectStage"/> for messages of queue <c>results</c>. Then closes what the message has completed,
/// because Sweep's timer may come half a minute later.
/// </summary>
internal sealed class CollectFunction(CollectStage stage, ClosingStage closing, MessageRunner runner)
{
    [Function("Collect")]
    public async Task RunAsync(
        [QueueTrigger(QueueNames.Results, Connection = AzureStorageOptions.Connection)] QueueMessage message,
        CancellationToken cancellationToken)
    {
        await runner.RunAsync(
            QueueNames.Results, message, StageTimeLimits.Collect, stage.HandleAsync, cancellationToken);
        await closing.HandleAsync(cancellationToken);
    }
}
