using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Ports;
using Pipeline.Sweep;

namespace Pipeline.Functions;

/// <summary>
/// The poison queues to <see cref="DeadLetterStage"/>. The host makes no poison queue for a poison queue: what fails here comes again until it succeeds.
/// </summary>
internal sealed class DeadLetterFunction(DeadLetterStage stage)
{
    [Function("DeadLetterUrlLists")]
    public Task UrlListsAsync([QueueTrigger(QueueNames.UrlLists + QueueNames.PoisonSuffix)] QueueMessage message, CancellationToken cancellationToken) =>
        HandleAsync(QueueNames.UrlLists, message, cancellationToken);

    [Function("DeadLetterSubmissions")]
    public Task SubmissionsAsync([QueueTrigger(QueueNames.Submissions + QueueNames.PoisonSuffix)] QueueMessage message, CancellationToken cancellationToken) =>
        HandleAsync(QueueNames.Submissions, message, cancellationToken);

    [Function("DeadLetterResults")]
    public Task ResultsAsync([QueueTrigger(QueueNames.Results + QueueNames.PoisonSuffix)] QueueMessage message, CancellationToken cancellationToken) =>
        HandleAsync(QueueNames.Results, message, cancellationToken);

    private async Task HandleAsync(string queue, QueueMessage message, CancellationToken cancellationToken)
    {
        var envelope = Envelope.Read(queue, message.Body);
        using var activity = MessageTrace.Start(queue + QueueNames.PoisonSuffix, envelope.TraceParent);
        await stage.HandleAsync(queue, envelope.Body, error: null, cancellationToken);
    }
}
