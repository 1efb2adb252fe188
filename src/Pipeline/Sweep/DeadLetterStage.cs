using Microsoft.Extensions.Logging;
using Pipeline.Collect;
using Pipeline.Diagnostics;
using Pipeline.Intake;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit;

namespace Pipeline.Sweep;

/// <summary>
/// Writes the fate of a message to the ledger after its last attempt: the ledger, not the poison queue, is the source
/// of truth. A submission whose POST is in progress is left to Sweep, which alone may call it unknown. Tasks that
/// shared a message get new attempts, each in its own message, because one of them may have crashed the worker each
/// time. An outage or a series of restarts loses no paid result: its message starts over as long as that is the cause.
/// </summary>
internal sealed partial class DeadLetterStage(
    ILedger ledger,
    IWorkQueue queue,
    SubmissionHolds holds,
    TaskFailures failures,
    TimeProvider time,
    ILogger<DeadLetterStage> logger)
{
    // A document that crashes its worker each time may crash this many workers; then its input fails.
    private const int MaxRounds = 3;

    private readonly RefusedListRecorder _refusals = new(ledger, time);

    /// <summary>Handles a message that failed its last attempt.</summary>
    /// <param name="name">The queue it came from.</param>
    /// <param name="body">The message.</param>
    /// <param name="error">The error of the last attempt; null if unknown.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    public async Task HandleAsync(
        string name, ReadOnlyMemory<byte> body, Exception? error, CancellationToken cancellationToken)
    {
        LogDead(error, name);
        PipelineMetrics.CountDeadLetter(name);
        var reason = (error as PipelineException)?.Reason ?? FailureReasons.Internal;
        var text = error?.Message ?? "Every attempt failed; the log has the error.";
        switch (name)
        {
            // Intake itself has recorded what it refuses.
            case QueueNames.UrlLists when error is not PipelineException { IsPermanent: true }:
                await _refusals.RefuseAsync(
                    body, null, $"It could not be planned: {text}", isKnown: error is null, cancellationToken);
                break;
            case QueueNames.Submissions when TryRead(body, MessageReader.ReadSubmission) is { } message:
                await FailSubmissionAsync(message, reason, text, cancellationToken);
                break;
            case QueueNames.Results when TryRead(body, MessageReader.ReadResult) is { } message:
                await (message.Others is not null ? SendApartAsync(message, cancellationToken)
                    : NextRound(message, error) is { } next ? queue.SendAsync(next, TimeSpan.Zero, cancellationToken)
                    : FailResultAsync(message, reason, text, cancellationToken));
                break;
        }
    }

    /// <summary>Reads a message; null for one that no stage wrote, which is only logged.</summary>
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

    private async Task FailSubmissionAsync(
        SubmissionMessage message, string reason, string text, CancellationToken cancellationToken)
    {
        var cause = new FailureCause("submit", reason, text);
        while (await ledger.GetSubmissionAsync(message.SubmissionId, cancellationToken)
            is { State: SubmissionState.Planned } planned)
        {
            var inputs = await ledger.GetInputsAsync(planned.SubmissionId, cancellationToken);
            if (await holds.EndAsync(planned, inputs, cause, cancellationToken) is not null)
                return;
        }
    }

    private async Task SendApartAsync(ResultMessage shared, CancellationToken cancellationToken)
    {
        foreach (var one in shared.Each())
            await queue.SendAsync(one with { Tries = one.Tries + 1 }, TimeSpan.Zero, cancellationToken);
    }

    /// <summary>
    /// The message with new deliveries; null if its input fails. An outage passes, and Sweep ends the wait at the task
    /// deadline. Crashed workers are restarted, but the message itself may be what crashes them.
    /// </summary>
    private static ResultMessage? NextRound(ResultMessage message, Exception? error) => error switch
    {
        PipelineException { IsPermanent: false } => message,
        null when (message.Rounds ?? 0) + 1 < MaxRounds => message with { Rounds = (message.Rounds ?? 0) + 1 },
        _ => null,
    };

    private async Task FailResultAsync(
        ResultMessage message, string reason, string text, CancellationToken cancellationToken)
    {
        if (await ledger.GetSubmissionAsync(message.SubmissionId,
            cancellationToken) is not { State: SubmissionState.Accepted } submission
            || await ledger.GetTaskAsync(
                message.SubmissionId, message.TaskId, cancellationToken) is not { Ordinal: { } ordinal }
            || await ledger.GetInputAsync(message.SubmissionId, ordinal, cancellationToken) is not { } input)
            return;
        await failures.FailAsync(
            submission, input, message.TaskId, new("collect", reason, text), message.DiscoveredBy, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A message of queue {Queue} failed its last attempt.")]
    private partial void LogDead(Exception? error, string queue);
}
