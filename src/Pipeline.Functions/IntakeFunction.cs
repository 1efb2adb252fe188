using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Functions.Messages;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Stores.Azure;

namespace Pipeline.Functions;

/// <summary>Runs <see cref="IntakeStage"/> for messages of queue <c>url-lists</c>.</summary>
internal sealed class IntakeFunction(IntakeStage stage, MessageRunner runner)
{
    [Function("Intake")]
    public Task RunAsync(
        [QueueTrigger(QueueNames.UrlLists, Connection = AzureStorageOptions.Connection)] QueueMessage message,
        CancellationToken cancellationToken) =>
        runner.RunAsync(QueueNames.UrlLists, message, StageTimeLimits.Intake, stage.HandleAsync, cancellationToken);
}
