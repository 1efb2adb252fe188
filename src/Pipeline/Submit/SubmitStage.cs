using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Callback;
using Pipeline.Collect;
using Pipeline.Emit;
using Pipeline.Ledger;
using Pipeline.Nimble;
using Pipeline.Ports;
using Pipeline.Sweep;

namespace Pipeline.Submit;

/// <summary>
/// Posts a submission once. The intent is in the ledger before the request leaves; only proof that Nimble did not accept it makes it
/// <see cref="SubmissionState.Planned"/> again. Anything in between is <see cref="SubmissionState.Unknown"/> and Sweep's to resolve.
/// </summary>
internal sealed partial class SubmitStage(
    ILedger ledger,
    IWorkQueue queue,
    NimbleClient nimble,
    CallbackTokens tokens,
    Outcomes outcomes,
    Repeats repeats,
    SubmissionGate gate,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<SubmitStage> logger)
{
    private static readonly TimeSpan UnreachablePause = TimeSpan.FromSeconds(5);

    public async Task HandleAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var message = JsonSerializer.Deserialize(body.Span, PipelineJson.Plain.SubmissionMessage)!;
        var planned = await ledger.GetSubmissionAsync(message.SubmissionId, cancellationToken)
            ?? throw PipelineException.Permanent(FailureReasons.Internal, $"The ledger does not know submission {message.SubmissionId}.");
        if (planned.State == SubmissionState.Posting)
            await LookAtOnceAsync(planned, cancellationToken);
        if (planned.State != SubmissionState.Planned)
            return;
        if (gate.Current is { } pause)
        {
            await PutOffAsync(planned, pause.Until - time.GetUtcNow(), cancellationToken);
            return;
        }

        if (planned.RepeatOf is not null)
            await repeats.TakeOverAsync(planned, cancellationToken);
        var inputs = await ledger.GetInputsAsync(planned.SubmissionId, cancellationToken);
        if (inputs.All(i => i.State != InputState.Waiting))
        {
            await ledger.UpdateSubmissionAsync(planned with { State = SubmissionState.Refused, DueAt = time.GetUtcNow() }, cancellationToken);
            return;
        }

        if (await WriteIntentAsync(planned, cancellationToken) is not { } intent)
            return;
        CrashPoint.Pass("submit.after-intent");
        if (time.GetUtcNow() - intent.PostedAt > options.Value.Sweep.PostingLease / 2)
        {
            // Held up between intent and POST for so long that Sweep may soon call it unknown: nothing was sent, so it may start over.
            await BackToPlannedAsync(intent, TimeSpan.Zero, cancellationToken);
            return;
        }

        // Not cancellable: a POST that is abandoned half-way is one more submission that nobody knows about. The client's time-out bounds it.
        var outcome = await PostAsync(intent, inputs);
        CrashPoint.Pass("submit.after-post");
        await (outcome switch
        {
            PostOutcome.Accepted accepted => AcceptAsync(intent, inputs, accepted),
            PostOutcome.Refused { Kind: RefusalKind.Content } refused => RefuseAsync(intent, inputs, refused),
            PostOutcome.Refused refused => HoldAsync(intent, refused, cancellationToken),
            PostOutcome.Unknown unknown => MarkUnknownAsync(intent, unknown),
            _ => throw new InvalidOperationException($"No such outcome: {outcome}."),
        });
    }

    private Task<SubmissionEntry?> WriteIntentAsync(SubmissionEntry planned, CancellationToken cancellationToken)
    {
        var delivery = options.Value.Delivery;
        var now = time.GetUtcNow();
        return ledger.UpdateSubmissionAsync(planned with
        {
            State = SubmissionState.Posting,
            PostedAt = now,
            DueAt = now + options.Value.Sweep.PostingCheck,
            StorageUrl = delivery.StorageUrl is null
                ? null
                : ObjectUri.Parse(delivery.StorageUrl).AsPrefix().Append($"{planned.ListId}/{planned.SubmissionId}/").ToString(),
            Compressed = delivery.Compress,
            HasCallback = delivery.CallbackBase is not null,
            Message = null,
        }, cancellationToken);
    }

    private Task<PostOutcome> PostAsync(SubmissionEntry intent, IReadOnlyList<InputEntry> inputs)
    {
        var callbackUrl = tokens.UrlFor(intent.SubmissionId);
        return inputs.Count == 1
            ? nimble.PostSingleAsync(SubmissionBody.Single(intent, inputs[0], callbackUrl), CancellationToken.None)
            : nimble.PostBatchAsync(SubmissionBody.Batch(intent, inputs, callbackUrl), CancellationToken.None);
    }

    private async Task AcceptAsync(SubmissionEntry intent, IReadOnlyList<InputEntry> inputs, PostOutcome.Accepted accepted)
    {
        gate.Open();
        var matcher = new TaskMatcher(intent, inputs);
        await ledger.AddTasksAsync(intent.SubmissionId, matcher.Match(accepted.Tasks), CancellationToken.None);
        CrashPoint.Pass("submit.after-tasks");
        await SettleAsync(intent, current => Accepted(current, accepted.BatchId, PostProof.Answer, options.Value.Sweep, time.GetUtcNow()));
        CrashPoint.Pass("submit.after-state");
        LogAccepted(intent.SubmissionId, accepted.BatchId, inputs.Count);
    }

    /// <summary>A submission that is known to be accepted, due when its results should have been heard of.</summary>
    internal static SubmissionEntry Accepted(SubmissionEntry intent, string? batchId, PostProof proof, SweepOptions sweep, DateTimeOffset now) => intent with
    {
        State = SubmissionState.Accepted,
        BatchId = batchId,
        Proof = proof,
        AcceptedAt = now,
        CompletedAt = null,
        DueAt = now + (intent.HasCallback ? sweep.WebhookGrace : sweep.PollInterval),
        Looks = 0,
    };

    private async Task RefuseAsync(SubmissionEntry intent, IReadOnlyList<InputEntry> inputs, PostOutcome.Refused refused)
    {
        LogRefused(intent.SubmissionId, refused.HttpStatus, refused.Message);
        await outcomes.FailAsync(
            intent, inputs, new("submit", FailureReasons.SubmissionRefused, $"Nimble refused the submission ({refused.HttpStatus}): {refused.Message}", Retryable: true), CancellationToken.None);
        await SettleAsync(intent, current => current with { State = SubmissionState.Refused, Proof = PostProof.Refusal, DueAt = time.GetUtcNow(), Message = refused.Message });
    }

    private async Task HoldAsync(SubmissionEntry intent, PostOutcome.Refused refused, CancellationToken cancellationToken)
    {
        var (wait, reason) = refused.Kind switch
        {
            RefusalKind.Budget => (refused.RetryAfter ?? options.Value.Nimble.RefusedPause, $"Nimble has no budget for more (402): {refused.Message} Top up the account; submission goes on by itself."),
            RefusalKind.Credentials => (refused.RetryAfter ?? options.Value.Nimble.RefusedPause, $"Nimble refuses the API key ({refused.HttpStatus}): {refused.Message} Check NIMBLE_API_KEY."),
            RefusalKind.RateLimit => (refused.RetryAfter ?? UnreachablePause, $"Nimble asks for fewer requests (429): {refused.Message}"),
            _ => (refused.RetryAfter ?? UnreachablePause, $"Nimble cannot be reached: {refused.Message}"),
        };
        gate.PauseFor(wait, reason);
        LogPaused(intent.SubmissionId, wait.TotalSeconds, reason);
        await BackToPlannedAsync(intent, wait, cancellationToken);
    }

    private async Task MarkUnknownAsync(SubmissionEntry intent, PostOutcome.Unknown unknown)
    {
        LogUnknown(intent.SubmissionId, unknown.Message);
        await SettleAsync(intent, current => current with
        {
            State = SubmissionState.Unknown, Message = unknown.Message, Looks = 0, DueAt = time.GetUtcNow() + options.Value.Sweep.PollInterval,
        });
        if (unknown.TaskId is { } taskId)
            await queue.SendAsync([new ResultMessage(intent.SubmissionId, taskId, Learnt.Sweep, time.GetUtcNow())], TimeSpan.Zero, CancellationToken.None);
    }

    private async Task BackToPlannedAsync(SubmissionEntry intent, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (await SettleAsync(intent, current => current with { State = SubmissionState.Planned, PostedAt = null, HasCallback = false }) is { } planned)
            await PutOffAsync(planned, wait, cancellationToken);
    }

    /// <summary>The message of a POST under way is only delivered again when its worker was killed or held up over it: Sweep need not wait to look for the POST.</summary>
    private async Task LookAtOnceAsync(SubmissionEntry posting, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (posting.DueAt > now)
            await ledger.UpdateSubmissionAsync(posting with { DueAt = now }, cancellationToken);
    }

    /// <summary>
    /// Writes what the POST's answer proves. Sweep may have looked at the submission while the POST was under way, or found it accepted by itself:
    /// then there is nothing left to write.
    /// </summary>
    private async Task<SubmissionEntry?> SettleAsync(SubmissionEntry intent, Func<SubmissionEntry, SubmissionEntry> change)
    {
        for (var current = intent; current is { State: SubmissionState.Posting or SubmissionState.Unknown } && current.PostedAt == intent.PostedAt;)
        {
            if (await ledger.UpdateSubmissionAsync(change(current), CancellationToken.None) is { } settled)
                return settled;
            current = await ledger.GetSubmissionAsync(intent.SubmissionId, CancellationToken.None);
        }

        return null;
    }

    /// <summary>Sends the message again for later, unless another copy of it has done so: copies must not multiply while submission is paused.</summary>
    private async Task PutOffAsync(SubmissionEntry planned, TimeSpan delay, CancellationToken cancellationToken)
    {
        var wait = delay < TimeSpan.Zero ? TimeSpan.Zero : delay;
        if (await ledger.UpdateSubmissionAsync(planned with { DueAt = time.GetUtcNow() + wait + SweepStage.PlannedGrace }, cancellationToken) is not null)
            await queue.SendAsync(new SubmissionMessage(planned.SubmissionId), wait, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Submission {SubmissionId} was accepted as batch {BatchId} with {Inputs} inputs.")]
    private partial void LogAccepted(string submissionId, string? batchId, int inputs);

    [LoggerMessage(Level = LogLevel.Error, Message = "Submission {SubmissionId} was refused ({HttpStatus}): {Reason}")]
    private partial void LogRefused(string submissionId, int? httpStatus, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Submission {SubmissionId} and all others wait for {Seconds} s: {Reason}")]
    private partial void LogPaused(string submissionId, double seconds, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether submission {SubmissionId} was accepted is unknown and will be found out: {Reason}")]
    private partial void LogUnknown(string submissionId, string reason);
}
