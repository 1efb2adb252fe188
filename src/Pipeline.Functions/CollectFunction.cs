using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Collect;
using Pipeline.Model;

namespace Pipeline.Functions;

/// <summary>Runs <see cref="CollectStage"/> for messages of queue <c>results</c>.</summary>
internal sealed class CollectFunction(CollectStage stage, MessageRunner runner)
{
    [Function("Collect")]
    public Task RunAsync(
        [QueueTrigger(QueueNames.Results)] QueueMessage message, CancellationToken cancellationToken) =>
        runner.RunAsync(QueueNames.Results, message, StageTimeLimits.Collect, stage.HandleAsync, cancellationToken);
}
