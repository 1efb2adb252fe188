using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Functions.Messages;
using Pipeline.Model;
using Pipeline.Stores.Azure;
using Pipeline.Submit;

namespace Pipeline.Functions;

/// <summary>Runs <see cref="SubmitStage"/> for messages of queue <c>submissions</c>.</summary>
internal sealed class SubmitFunction(SubmitStage stage, MessageRunner runner)
{
    [Function("Submit")]
    public Task RunAsync(
        [QueueTrigger(QueueNames.Submissions, Connection = AzureStorageOptions.Connection)] QueueMessage message,
        CancellationToken cancellationToken) =>
        runner.RunAsync(QueueNames.Submissions, message, StageTimeLimits.Submit, stage.HandleAsync, cancellationToken);
}
