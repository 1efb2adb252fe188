using Microsoft.Extensions.Logging;
using Pipeline.Collect;
using Pipeline.Intake;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Sweep;

/// <summary>
/// Writes into the ledger what became of a message after its last try, so that nothing is only in a poison queue. A submission that was being
/// posted is left to Sweep, which alone may call it unknown. Tasks that shared a message get their tries once more, each by itself: one of them may have ended
/// every worker that had the others too.
/// </summary>
internal sealed partial class DeadLetterStage(
    ILedger ledger, IWorkQueue queues, OutcomeRecorder outcomes, TaskFailures failures, TimeProvider time, ILogger<DeadLetterStage> logger)
{
    private readonly ListRefusals _refusals = new(ledger, time);

    public async Task HandleAsync(string queue, ReadOnlyMemory<byte> body, Exception? error, CancellationToken cancellationToken)
    {
        LogDead(error, queue);
        var reason = (error as PipelineException)?.Reason ?? FailureReasons.Internal;
        var text = error?.Message ?? "It failed every try; the log has the error.";
        switch (queue)
        {
            // What Intake itself refuses it has recorded before it said so.
            case QueueNames.UrlLists when error is not PipelineException { IsPermanent: true }:
                await _refusals.RefuseAsync(body, null, $"It could not be planned: {text}", isKnown: error is null, cancellationToken);
                break;
            case QueueNames.Submissions when TryRead(body, MessageReader.ReadSubmission) is { } message:
                await FailSubmissionAsync(message, reason, text, cancellationToken);
                break;
            case QueueNames.Results when TryRead(body, MessageReader.ReadResult) is { } message:
                await (message.Others is null ? FailResultAsync(message, reason, text, cancellationToken) : SendApartAsync(message, cancellationToken));
                break;
        }
    }

    /// <summary>Null for what no stage of ours has written: it says nothing of any submission, and the log has it.</summary>
    private static T? TryRead<T>(ReadOnlyMemory<byte> body, Func<ReadOnlyMemory<byte>, T> read) where T : class
    {
        try
        {
            return read(body);
        }
        catch (PipelineException)
        {
            return null;
        }
    }

    private async Task FailSubmissionAsync(SubmissionMessage message, string reason, string text, CancellationToken cancellationToken)
    {
        if (await ledger.GetSubmissionAsync(message.SubmissionId, cancellationToken) is not { State: SubmissionState.Planned } submission)
            return;
        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        await outcomes.FailAsync(submission, inputs, new("submit", reason, text), cancellationToken);

        // Failing the inputs may have changed the submission, and as long as it counts as planned it could still be posted.
        for (var current = submission; current is { State: SubmissionState.Planned };)
        {
            if (await ledger.UpdateSubmissionAsync(current.GiveUp(time.GetUtcNow()), cancellationToken) is not null)
                return;
            current = await ledger.GetSubmissionAsync(message.SubmissionId, cancellationToken);
        }
    }

    private async Task SendApartAsync(ResultMessage shared, CancellationToken cancellationToken)
    {
        foreach (var one in shared.Each())
            await queues.SendAsync(one with { Tries = one.Tries + 1 }, TimeSpan.Zero, cancellationToken);
    }

    private async Task FailResultAsync(ResultMessage message, string reason, string text, CancellationToken cancellationToken)
    {
        if (await ledger.GetSubmissionAsync(message.SubmissionId, cancellationToken) is not { State: SubmissionState.Accepted } submission
            || await ledger.GetTaskAsync(message.SubmissionId, message.TaskId, cancellationToken) is not { Ordinal: { } ordinal }
            || await ledger.GetInputAsync(message.SubmissionId, ordinal, cancellationToken) is not { } input)
            return;
        await failures.FailAsync(submission, input, message.TaskId, new("collect", reason, text), message.DiscoveredBy, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A message of queue {Queue} is given up.")]
    private partial void LogDead(Exception? error, string queue);
}
