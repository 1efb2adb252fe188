using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Functions.Messages;
using Pipeline.Hosting;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Stores.Azure;

namespace Pipeline.Functions;

/// <summary>
/// Runs <see cref="IntakeStage"/> for messages of queue <c>url-lists</c>. Then posts the submission of a list that has
/// only one.
/// </summary>
internal sealed class IntakeFunction(IntakeStage stage, LateMessages late, SmallListPoster poster, MessageRunner runner)
{
    [Function("Intake")]
    public async Task RunAsync(
        [QueueTrigger(QueueNames.UrlLists, Connection = AzureStorageOptions.Connection)] QueueMessage message,
        CancellationToken cancellationToken)
    {
        var handOver = new HandOver(SmallListPoster.Grace);
        await runner.RunAsync(
            QueueNames.UrlLists, message, StageTimeLimits.Intake,
            (body, token) => late.RunListAsync(() => stage.HandleAsync(body, handOver, token)), cancellationToken);
        await poster.PostAsync(handOver, cancellationToken);
    }
}
