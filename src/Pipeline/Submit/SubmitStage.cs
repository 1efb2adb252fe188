using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Concurrency;
using Pipeline.Delivery;
using Pipeline.Diagnostics;
using Pipeline.Http.Retrying;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

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
    Resubmission repeats,
    Refusals refusals,
    SubmissionHolds holds,
    SubmitGuards guards,
    BudgetGuard budget,
    SubmissionGate gate,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<SubmitStage> logger)
{
    private static readonly TimeSpan UnreachablePause = TimeSpan.FromSeconds(5);

    private readonly ListShares _shares = new(options.Value.Submit.ConcurrencyPerList, time);

    public async Task HandleAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var message = MessageReader.ReadSubmission(body);
        var planned = await ledger.GetSubmissionAsync(message.SubmissionId, cancellationToken)
            ?? throw PipelineException.Permanent(FailureReasons.Internal, $"The ledger does not know submission {message.SubmissionId}.");
        if (planned.State == SubmissionState.Posting)
            await LookAtOnceAsync(planned, cancellationToken);
        if (planned.State != SubmissionState.Planned)
            return;
        if (planned is { FirstCallbackAt: not null, PostedAt: not null })
        {
            await CallOffAsync(planned, cancellationToken);
            return;
        }

        if (planned.NotBefore - time.GetUtcNow() is var wait && wait > TimeSpan.Zero)
        {
            // A queue's longest delay may be shorter than that of a retry.
            await queue.SendAsync(message, wait.Value, cancellationToken);
            return;
        }

        using var turn = await _shares.TryEnterAsync(planned.ListId, cancellationToken);
        if (turn is null)
        {
            await queue.SendAsync(message, ListShares.Later, cancellationToken);
            return;
        }

        if (gate.Current is { } pause)
        {
            await holds.WaitAsync(planned, pause.Hold, pause.Reason, pause.Until - time.GetUtcNow(), cancellationToken);
            return;
        }

        if (planned.RepeatOf is not null)
            await repeats.TakeOverAsync(planned, cancellationToken);
        var inputs = await ledger.GetInputsAsync(planned.SubmissionId, cancellationToken);
        if (inputs.Any(i => i.State != InputState.Waiting))
        {
            // It is posted whole or not at all: who looks for it later takes it for what it was planned as. What still waits goes on by itself.
            await ledger.UpdateSubmissionAsync(planned.GiveUp(time.GetUtcNow()), cancellationToken);
            return;
        }

        var now = time.GetUtcNow();
        if (!await guards.AdmitAsync(planned, inputs, now, cancellationToken))
            return;
        if (await WriteIntentAsync(planned, now, cancellationToken) is not { } intent)
            return;
        CrashPoint.Pass("submit.after-intent");
        if (time.GetUtcNow() - intent.PostedAt > options.Value.Sweep.PostingLease / 2)
        {
            // Held up between intent and POST for so long that Sweep may soon call it unknown: nothing was sent, so it may start over.
            await BackToPlannedAsync(planned, intent, HoldReason.None, reason: null, TimeSpan.Zero, cancellationToken);
            return;
        }

        // Not cancellable: a POST that is abandoned half-way is one more submission that nobody knows about. The client's time-out bounds it.
        var outcome = await PostAsync(intent, inputs);
        CrashPoint.Pass("submit.after-post");
        await (outcome switch
        {
            PostOutcome.Accepted accepted => AcceptAsync(intent, inputs, accepted),
            PostOutcome.Refused { Kind: RefusalKind.Content } refused => RefuseAsync(intent, inputs, refused),
            PostOutcome.Refused refused => HoldAsync(planned, intent, refused, cancellationToken),
            PostOutcome.Unknown unknown => MarkUnknownAsync(intent, unknown),
            _ => throw new InvalidOperationException($"No such outcome: {outcome}."),
        });
    }

    /// <summary>A webhook came after all for a POST that was held to be absent, in the last moment before the next: that one would be a second.</summary>
    private async Task CallOffAsync(SubmissionEntry planned, CancellationToken cancellationToken)
    {
        if (await ledger.UpdateSubmissionAsync(planned.CallOff(time.GetUtcNow()), cancellationToken) is not null)
            LogCalledOff(planned.SubmissionId);
    }

    private Task<SubmissionEntry?> WriteIntentAsync(SubmissionEntry planned, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var delivery = options.Value.Delivery;
        return ledger.UpdateSubmissionAsync(planned.ToPosting(now, options.Value.Sweep.PostingCheck) with
        {
            StorageUrl = delivery.StorageUrl is null
                ? null
                : DeliveryPrefix.Of(delivery.StorageUrl, planned, tokens.PrefixSecretFor(planned.SubmissionId)),
            Compressed = delivery.Compress,
            HasCallback = delivery.CallbackBase is not null,
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
        var tasks = new TaskMatcher(intent, inputs).Match(accepted.Tasks);
        await ledger.AddTasksAsync(intent.SubmissionId, tasks, CancellationToken.None);
        CrashPoint.Pass("submit.after-tasks");
        var (sweep, now) = (options.Value.Sweep, time.GetUtcNow());
        var heardBy = now + (intent.HasCallback ? sweep.WebhookGrace : sweep.PollInterval);
        var settled = await SettleAsync(intent, current => current.ToAccepted(accepted.BatchId, PostProof.Answer, now, heardBy) with
        {
            Message = PartialAcceptance.WordsOf(intent, accepted),
        });
        CrashPoint.Pass("submit.after-state");
        LogAccepted(
                intent.SubmissionId,
                accepted.BatchId is { } batch ? $"batch {batch}" : "a single task",
                accepted.Tasks.Count
            );
        if (settled is not null)
            await refusals.EndRefusedAsync(settled, PartialAcceptance.Find(settled, inputs, tasks, accepted), CancellationToken.None);
    }

    private async Task RefuseAsync(SubmissionEntry intent, IReadOnlyList<InputEntry> inputs, PostOutcome.Refused refused)
    {
        LogRefused(intent.SubmissionId, refused.HttpStatus, refused.Message);
        await GiveBackAsync(intent);
        var settled = await SettleAsync(intent, current => current.ToRefused(refused.Message, time.GetUtcNow()));
        CrashPoint.Pass("submit.after-refusal");
        if (settled is not null)
            await refusals.HandleAsync(settled, inputs, refused, CancellationToken.None);
    }

    private async Task HoldAsync(SubmissionEntry planned, SubmissionEntry intent, PostOutcome.Refused refused, CancellationToken cancellationToken)
    {
        var (hold, wait, reason) = refused.Kind switch
        {
            RefusalKind.Budget => (HoldReason.NimbleBudget, refused.RetryAfter.AtLeast(options.Value.Nimble.RefusedPause), $"Nimble has no budget for more (402): {refused.Message} Top up the account; submission goes on by itself."),
            RefusalKind.Credentials => (HoldReason.ApiKey, refused.RetryAfter.AtLeast(options.Value.Nimble.RefusedPause), $"Nimble refuses the API key ({refused.HttpStatus}): {refused.Message} Check NIMBLE_API_KEY."),
            RefusalKind.RateLimit => (HoldReason.None, refused.RetryAfter.AtLeast(UnreachablePause), $"Nimble asks for fewer requests (429): {refused.Message}"),
            _ => (HoldReason.None, refused.RetryAfter.AtLeast(UnreachablePause), $"Nimble cannot be reached: {refused.Message}"),
        };
        gate.PauseFor(wait, reason, hold);
        LogPaused(intent.SubmissionId, wait.TotalSeconds, reason);
        await BackToPlannedAsync(planned, intent, hold, reason, wait, cancellationToken);
    }

    private async Task MarkUnknownAsync(SubmissionEntry intent, PostOutcome.Unknown unknown)
    {
        LogUnknown(intent.SubmissionId, unknown.Message);
        await SettleAsync(intent, current => current.ToUnknown(unknown.Message, time.GetUtcNow() + options.Value.Sweep.PollInterval));
        if (unknown.TaskId is { } taskId)
            await queue.SendAsync(new ResultMessage(intent.SubmissionId, taskId, DiscoveredBy.Sweep, time.GetUtcNow()), TimeSpan.Zero, CancellationToken.None);
    }

    /// <summary>Nothing was accepted: it is what it was before, and may be posted again.</summary>
    private async Task BackToPlannedAsync(
        SubmissionEntry before, SubmissionEntry intent, HoldReason hold, string? reason, TimeSpan wait, CancellationToken cancellationToken)
    {
        await GiveBackAsync(intent);
        var settled = await SettleAsync(intent, current => current.BackToPlanned(before));
        if (settled is not null)
            await holds.WaitAsync(settled, hold, reason, wait, cancellationToken);
    }

    private async Task GiveBackAsync(SubmissionEntry intent)
    {
        await budget.GiveBackAsync(intent, CancellationToken.None);
        gate.Open(HoldReason.DailyBudget);
    }

    /// <summary>The message of a POST under way is only delivered again when its worker was killed or held up over it: Sweep need not wait to look for the POST.</summary>
    private async Task LookAtOnceAsync(SubmissionEntry posting, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (posting.DueAt > now)
            await ledger.UpdateSubmissionAsync(posting.LookNow(now), cancellationToken);
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

    [LoggerMessage(Level = LogLevel.Information, Message = "Submission {SubmissionId} was accepted as {Batch}. Tasks named in the answer: {Tasks}.")]
    private partial void LogAccepted(string submissionId, string batch, int tasks);

    [LoggerMessage(Level = LogLevel.Error, Message = "Submission {SubmissionId} was refused ({HttpStatus}): {Reason}")]
    private partial void LogRefused(string submissionId, int? httpStatus, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Submission {SubmissionId} and all others wait for {Seconds} s: {Reason}")]
    private partial void LogPaused(string submissionId, double seconds, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether submission {SubmissionId} was accepted is unknown and will be found out: {Reason}")]
    private partial void LogUnknown(string submissionId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Submission {SubmissionId} was held to be absent and was to be posted again, but a webhook came for it: it is not, and is looked for again.")]
    private partial void LogCalledOff(string submissionId);
}
