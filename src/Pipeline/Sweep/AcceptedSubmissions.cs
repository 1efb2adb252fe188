using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit;

namespace Pipeline.Sweep;

/// <summary>
/// One look at an accepted submission: close it if every input has its outcome; else ask the API how far it is, and fetch what is finished but
/// was not told of. What the API does not name, has forgotten or cannot tell is looked for in the bucket.
/// </summary>
internal sealed partial class AcceptedSubmissions(
    ILedger ledger,
    BatchReader batches,
    FinishedTasks finished,
    DeliveredResults delivered,
    OtherTasks others,
    OutcomeRecorder outcomes,
    OpenInputs open,
    Resubmission repeats,
    Reopening reopening,
    CanaryGuard canaries,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<AcceptedSubmissions> logger)
{
    // After so many looks without news, and ever more seldom after that, the bucket is asked what the API may not know.
    private const int QuietPolls = 8;

    // An API whose answers crawl is one that cannot answer.
    private static readonly TimeSpan ApiLimit = TimeSpan.FromMinutes(2);

    private SweepOptions Sweep => options.Value.Sweep;

    public async Task LookAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var inputs = await GetInputsAsync(submission, cancellationToken);
        var waiting = inputs.Where(i => i.State == InputState.Waiting).ToList();
        if (waiting.Count == 0 && await others.MaySucceedAsync(submission, inputs, cancellationToken))
            await PostponeAsync(submission, submission.CompletedCount, cancellationToken);
        else if (waiting.Count == 0)
            await CloseAsync(submission, inputs, cancellationToken);
        else if (time.GetUtcNow() - submission.AcceptedAt > Sweep.TaskDeadline)
            await finished.ExpireAsync(submission, inputs, waiting, cancellationToken);
        else
            await PollOrListAsync(submission, inputs, waiting, cancellationToken);
    }

    /// <summary>
    /// The inputs. None of an accepted submission can have failed because nobody knew whether it was accepted: Sweep gave such an input up in
    /// the moment in which a webhook brought the proof. It waits again.
    /// </summary>
    private async Task<IReadOnlyList<InputEntry>> GetInputsAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        var inputs = await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
        var wrong = inputs.Where(i => i is { State: InputState.Failed, Reason: FailureReasons.SubmissionUnknown }).ToList();
        if (wrong.Count == 0)
            return inputs;
        LogWaitAgain(wrong.Count, submission.SubmissionId);
        await outcomes.TakeBackAsync(submission, wrong, cancellationToken);
        return await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken);
    }

    /// <summary>Closes a submission none of whose inputs waits.</summary>
    public async Task CloseAsync(SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken)
    {
        var settled = await repeats.RetryAsync(submission, inputs, cancellationToken);
        await outcomes.PutFailuresAsync(settled, cancellationToken);
        CrashPoint.Pass("sweep.close");
        var records = settled.Count(i => i.State == InputState.Recorded);
        var failures = settled.Count(i => i.State == InputState.Failed);
        var closed = await ledger.UpdateSubmissionAsync(
            submission.ToClosed(records, failures, NextLateLook(submission)), cancellationToken);
        if (closed is null)
            return;
        await reopening.ReopenListAsync(submission.ListId, cancellationToken);
        open.Forget(submission.SubmissionId);
        LogClosed(submission.SubmissionId, records, failures);
        await canaries.WakeAsync(closed, cancellationToken);
    }

    /// <summary>When a submission that was given up is looked for again; null when that is over, or there is nothing to look for.</summary>
    public DateTimeOffset? NextLateLook(SubmissionEntry submission)
    {
        var next = time.GetUtcNow() + Sweep.LateInterval;
        return submission.IsUnproven && next < submission.PostedAt + Sweep.TaskDeadline ? next : null;
    }

    /// <summary>Asks the API; while it cannot answer, the bucket.</summary>
    private async Task PollOrListAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<InputEntry> waiting, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(ApiLimit, time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            await PollAsync(submission, inputs, waiting, limited.Token);
        }
        // Also where an answer is such that nobody thought of it.
        catch (Exception error) when (!cancellationToken.IsCancellationRequested && error is not PipelineException { IsStoreFault: true })
        {
            await delivered.QueueAsync(submission, inputs, cancellationToken);
            throw;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await delivered.QueueAsync(submission, inputs, cancellationToken);
            throw PipelineException.Transient(FailureReasons.Unavailable,
                $"Nimble did not say within {ApiLimit.TotalMinutes:0} minutes how far the submission is.");
        }
    }

    private async Task PollAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, IReadOnlyList<InputEntry> waiting, CancellationToken cancellationToken)
    {
        submission = await batches.LearnBatchAsync(submission, cancellationToken);
        var progress = await batches.GetProgressAsync(submission, cancellationToken);
        if (progress is null)
        {
            await delivered.QueueAsync(submission, inputs, cancellationToken);
            await PostponeAsync(submission, submission.CompletedCount, cancellationToken);
            return;
        }

        if (submission.PollCount >= QuietPolls && int.IsPow2(submission.PollCount))
            await delivered.QueueAsync(submission, inputs, cancellationToken);

        var done = inputs.Count - waiting.Count;
        IReadOnlyList<NimbleTask> tasks =
            progress.Completed ? await batches.GetEndedTasksAsync(submission, inputs, cancellationToken)
            : IsNews(submission, progress, done) ? await batches.GetTasksAsync(submission, cancellationToken)
            : [];
        // A batch may call itself complete before each of its tasks does.
        var isComplete = progress.Completed && !tasks.Any(BatchReader.IsOpen);
        if (isComplete && submission.CompletedAt is not null)
            await finished.SettleAsync(submission, inputs, tasks, cancellationToken);
        else if (tasks.Count > 0)
            await finished.SendFinishedAsync(submission, inputs, tasks, cancellationToken);
        var looked = submission with { CompletedAt = isComplete ? submission.CompletedAt ?? time.GetUtcNow() : null };
        await PostponeAsync(looked, progress.CompletedCount ?? 0, cancellationToken);
    }

    /// <summary>Whether the API has finished more than is known here, and more than at the last look.</summary>
    private static bool IsNews(SubmissionEntry submission, NimbleProgress progress, int done) =>
        progress.CompletedCount > done && progress.CompletedCount != submission.CompletedCount;

    private Task PostponeAsync(SubmissionEntry submission, int completedCount, CancellationToken cancellationToken) => ledger.UpdateSubmissionAsync(
        submission.Look(completedCount, looked => SweepStage.NextLook(looked, Sweep, time.GetUtcNow())), cancellationToken);

    [LoggerMessage(Level = LogLevel.Information, Message =
        "{Inputs} inputs of submission {SubmissionId} were given up just as it proved to be accepted. They wait for their results again.")]
    private partial void LogWaitAgain(int inputs, string submissionId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Submission {SubmissionId} is closed with {Records} records and {Failures} failures.")]
    private partial void LogClosed(string submissionId, int records, int failures);
}
