using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Functions.Messages;
using Pipeline.Model;
using Pipeline.Notify;
using Pipeline.Stores.Azure;

namespace Pipeline.Functions;

/// <summary>Runs <see cref="NotifyStage"/> for messages of queue <c>notifications</c>.</summary>
internal sealed class NotifyFunction(NotifyStage stage, MessageRunner runner)
{
    [Function("Notify")]
    public Task RunAsync(
        [QueueTrigger(QueueNames.Notifications, Connection = AzureStorageOptions.Connection)] QueueMessage message,
        CancellationToken cancellationToken) =>
        runner.RunAsync(
            QueueNames.Notifications, message, StageTimeLimits.Notify, stage.HandleAsync, cancellationToken);
}
