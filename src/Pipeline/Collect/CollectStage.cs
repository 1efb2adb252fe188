using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Diagnostics;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Collect;

/// <summary>
/// Handles hints that results of tasks may be ready. A hint proves nothing about a result. If Nimble answered the
/// submission's POST, <see cref="MessageCollector"/> looks for the results; otherwise, the hint is evidence that Nimble
/// accepted the submission.
/// </summary>
internal sealed partial class CollectStage(
    ILedger ledger,
    HintFilter hints,
    MessageCollector collector,
    Postponement postponement,
    SubmissionResolver resolver,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<CollectStage> logger)
{
    public async Task HandleAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var received = MessageReader.ReadResult(body);
        if (await ledger.GetSubmissionAsync(received.SubmissionId, cancellationToken) is not { } submission)
        {
            LogUnknownSubmission(received.TaskId, received.SubmissionId);
            return;
        }

        await ListTrace.RunAsync(
            "process results", ActivityKind.Consumer, submission.Traced(received.TraceParent),
            () => CollectAsync(submission, received, cancellationToken));
    }

    private async Task CollectAsync(
        SubmissionEntry submission, ResultMessage received, CancellationToken cancellationToken)
    {
        if (await hints.FilterAsync(submission, received, cancellationToken) is not { } message)
        {
            LogUnknownTask(received.TaskId, received.SubmissionId);
            return;
        }

        // If the clock was set back, the message must not wait longer because of it.
        if (message.Since > time.GetUtcNow())
            message = message with { Since = time.GetUtcNow() };
        switch (submission.State)
        {
            case SubmissionState.Planned or SubmissionState.Posting or SubmissionState.Unknown:
                await AdoptAsync(submission, message, cancellationToken);
                break;
            case SubmissionState.Refused or SubmissionState.Closed when submission.IsUnproven:
                if (await TryAdoptAsync(submission, message, cancellationToken))
                    await postponement.PostponeAsync(message, cancellationToken);
                break;
            case SubmissionState.Accepted or SubmissionState.Closed:
                await collector.CollectAsync(submission, message, cancellationToken);
                break;
        }
    }

    /// <summary>
    /// Handles a hint that arrived before the answer to the POST was stored, or instead of that answer. The message is
    /// postponed until the submission is known to be accepted, at most for the evidence window.
    /// </summary>
    private async Task AdoptAsync(
        SubmissionEntry submission, ResultMessage message, CancellationToken cancellationToken)
    {
        var current = message.DiscoveredBy == DiscoveredBy.Webhook
            ? await resolver.NoteHeardAsync(submission, cancellationToken)
            : submission;
        var adopted = current is { State: SubmissionState.Unknown }
            && await TryAdoptAsync(current, message, cancellationToken);
        if (adopted || time.GetUtcNow() - message.Since < options.Value.Sweep.EvidenceWindow)
            await postponement.PostponeAsync(message, cancellationToken);
    }

    private Task<bool> TryAdoptAsync(
        SubmissionEntry submission, ResultMessage message, CancellationToken cancellationToken)
    {
        string[] tasks = [.. message.Each().Select(one => one.TaskId)];
        var proof = message.DiscoveredBy == DiscoveredBy.Webhook ? PostProof.Callback : PostProof.None;
        return resolver.TryAdoptAsync(submission, tasks, proof, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Dropped a hint for task {TaskId}: submission {SubmissionId} does not exist.")]
    private partial void LogUnknownSubmission(string taskId, string submissionId);

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Dropped a webhook's hint: submission {SubmissionId} has no task {TaskId}. Nimble was not asked about it.")]
    private partial void LogUnknownTask(string taskId, string submissionId);
}
