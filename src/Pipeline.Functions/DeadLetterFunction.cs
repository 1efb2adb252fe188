using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Pipeline.Functions.Messages;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Sweep;

namespace Pipeline.Functions;

/// <summary>
/// Runs <see cref="DeadLetterStage"/> for messages of the poison queues. A poison queue has no poison queue of its own,
/// so a message that fails here is delivered again: without limit after a transient error, otherwise until its last
/// attempt, after which it is dropped.
/// </summary>
internal sealed partial class DeadLetterFunction(DeadLetterStage stage, ILogger<DeadLetterFunction> logger)
{
    [Function("DeadLetterUrlLists")]
    public Task UrlListsAsync(
        [QueueTrigger(QueueNames.UrlLists + QueueNames.PoisonSuffix, Connection = AzureStorageOptions.Connection)]
        QueueMessage message,
        CancellationToken cancellationToken) =>
        HandleAsync(QueueNames.UrlLists, message, cancellationToken);

    [Function("DeadLetterSubmissions")]
    public Task SubmissionsAsync(
        [QueueTrigger(QueueNames.Submissions + QueueNames.PoisonSuffix, Connection = AzureStorageOptions.Connection)]
        QueueMessage message,
        CancellationToken cancellationToken) =>
        HandleAsync(QueueNames.Submissions, message, cancellationToken);

    [Function("DeadLetterResults")]
    public Task ResultsAsync(
        [QueueTrigger(QueueNames.Results + QueueNames.PoisonSuffix, Connection = AzureStorageOptions.Connection)]
        QueueMessage message,
        CancellationToken cancellationToken) =>
        HandleAsync(QueueNames.Results, message, cancellationToken);

    [Function("DeadLetterExports")]
    public Task ExportsAsync(
        [QueueTrigger(QueueNames.Exports + QueueNames.PoisonSuffix, Connection = AzureStorageOptions.Connection)]
        QueueMessage message,
        CancellationToken cancellationToken) =>
        HandleAsync(QueueNames.Exports, message, cancellationToken);

    private async Task HandleAsync(string queue, QueueMessage message, CancellationToken cancellationToken)
    {
        var envelope = Envelope.Read(queue, message.Body);
        try
        {
            await stage.HandleAsync(queue, envelope.Body, error: null, cancellationToken);
        }
        catch (Exception error) when (message.DequeueCount >= Tries.Max
            && error is not (PipelineException { IsPermanent: false } or OperationCanceledException))
        {
            LogDropped(error, message.MessageId, queue, message.DequeueCount);
        }
    }

    [LoggerMessage(Level = LogLevel.Critical,
        Message = "Dropped message {MessageId} of queue {Queue}: the ledger could not be updated (attempt {Tries}). "
            + "Sweep continues its work.")]
    private partial void LogDropped(Exception error, string messageId, string queue, long tries);
}
