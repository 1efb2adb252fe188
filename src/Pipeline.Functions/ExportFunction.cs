using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Export.Closing;
using Pipeline.Functions.Messages;
using Pipeline.Model;
using Pipeline.Stores.Azure;

namespace Pipeline.Functions;

/// <summary>Runs <see cref="ExportStage"/> for messages of queue <c>exports</c>.</summary>
internal sealed class ExportFunction(ExportStage stage, MessageRunner runner)
{
    [Function("Export")]
    public Task RunAsync(
        [QueueTrigger(QueueNames.Exports, Connection = AzureStorageOptions.Connection)] QueueMessage message,
        CancellationToken cancellationToken) =>
        runner.RunAsync(QueueNames.Exports, message, StageTimeLimits.Export, stage.HandleAsync, cancellationToken);
}
