using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Submit;

/// <summary>
/// Writes to the ledger what the answer to a POST proves. Only proof that Nimble did not accept the submission makes it
/// <see cref="SubmissionState.Planned"/> again; what proves nothing makes it <see cref="SubmissionState.Unknown"/>, and
/// Sweep looks for evidence. When the host stops, nothing here is cancelled except the wait after a refusal.
/// </summary>
internal sealed partial class PostAnswers(
    ILedger ledger,
    IWorkQueue queue,
    Refusals refusals,
    UnacceptedPosts unaccepted,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<PostAnswers> logger)
{
    /// <summary>Acts on the answer to a POST.</summary>
    /// <param name="planned">The submission before the intent.</param>
    /// <param name="intent">The submission as it was posted.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="outcome">What is known after the POST.</param>
    /// <param name="cancellationToken">Cancels the wait that a refusal of all submissions begins.</param>
    public Task HandleAsync(
        SubmissionEntry planned,
        SubmissionEntry intent,
        IReadOnlyList<InputEntry> inputs,
        PostOutcome outcome,
        CancellationToken cancellationToken) => outcome switch
        {
            PostOutcome.Accepted accepted => AcceptAsync(intent, inputs, accepted),
            PostOutcome.Refused { Kind: RefusalKind.Content } refused => RefuseAsync(intent, inputs, refused),
            PostOutcome.Refused refused => unaccepted.PauseAsync(planned, intent, refused, cancellationToken),
            PostOutcome.Unknown unknown => MarkUnknownAsync(intent, unknown),
            _ => throw new InvalidOperationException($"No such outcome: {outcome}."),
        };

    /// <summary>Takes back an intent that no POST followed.</summary>
    public Task HandleUnsentAsync(
        SubmissionEntry planned, SubmissionEntry intent, CancellationToken cancellationToken) =>
        unaccepted.BackToPlannedAsync(planned, intent, HoldReason.None, reason: null, TimeSpan.Zero, cancellationToken);

    private async Task AcceptAsync(
        SubmissionEntry intent, IReadOnlyList<InputEntry> inputs, PostOutcome.Accepted accepted)
    {
        var tasks = new TaskMatcher(intent, inputs).Match(accepted.Tasks);
        await ledger.AddTasksAsync(intent.SubmissionId, tasks, CancellationToken.None);
        CrashPoint.Pass("submit.after-tasks");
        var (sweep, now) = (options.Value.Sweep, time.GetUtcNow());
        var heardBy = now + (intent.HasCallback ? sweep.WebhookGrace : sweep.PollInterval);
        var settled = await ledger.SettleAsync(
            intent,
            current => current.ToAccepted(accepted.BatchId, PostProof.Answer, now, heardBy) with
            {
                Message = PartialAcceptance.WordsOf(intent, accepted),
            });
        CrashPoint.Pass("submit.after-state");
        var batch = accepted.BatchId is { } id ? $"batch {id}" : "a single task";
        LogAccepted(intent.SubmissionId, batch, accepted.Tasks.Count);
        await unaccepted.ResumeAsync(intent);
        if (settled is not null)
            await refusals.EndRefusedAsync(
                settled, PartialAcceptance.Find(settled, inputs, tasks, accepted), CancellationToken.None);
    }

    private async Task RefuseAsync(
        SubmissionEntry intent, IReadOnlyList<InputEntry> inputs, PostOutcome.Refused refused)
    {
        LogRefused(intent.SubmissionId, refused.HttpStatus, refused.Message);
        await unaccepted.GiveBackAsync(intent);
        var settled = await ledger.SettleAsync(intent, current => current.ToRefused(refused.Message, time.GetUtcNow()));
        CrashPoint.Pass("submit.after-refusal");
        if (settled is not null)
            await refusals.HandleAsync(settled, inputs, refused, CancellationToken.None);
    }

    private async Task MarkUnknownAsync(SubmissionEntry intent, PostOutcome.Unknown unknown)
    {
        LogUnknown(intent.SubmissionId, unknown.Message);
        var now = time.GetUtcNow();
        await ledger.SettleAsync(
            intent, current => current.ToUnknown(unknown.Message, now + options.Value.Sweep.PollInterval));
        if (unknown.TaskId is { } taskId)
            await queue.SendAsync(
                new ResultMessage(intent.SubmissionId, taskId, DiscoveredBy.Sweep, now), TimeSpan.Zero,
                CancellationToken.None);
    }

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Submission {SubmissionId} was accepted as {Batch}. Tasks named in the answer: {Tasks}.")]
    private partial void LogAccepted(string submissionId, string batch, int tasks);

    [LoggerMessage(Level = LogLevel.Error, Message = "Submission {SubmissionId} was refused ({HttpStatus}): {Reason}")]
    private partial void LogRefused(string submissionId, int? httpStatus, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "It is unknown whether Nimble accepted submission {SubmissionId}. Sweep looks for evidence: {Reason}")]
    private partial void LogUnknown(string submissionId, string reason);
}
