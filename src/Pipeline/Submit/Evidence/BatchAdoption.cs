using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Submit.Evidence;

/// <summary>Adopts a batch that proved to be the one of a submission's unanswered POST.</summary>
internal sealed partial class BatchAdoption(
    ILedger ledger, OutcomeRecorder outcomes, Reopening reopening, BudgetGuard budget, TimeProvider time,
    ILogger<BatchAdoption> logger)
{
    /// <summary>Makes a submission own a batch, and opens it and its list again if they were closed.</summary>
    /// <returns>False if somebody else changed the submission in the meantime.</returns>
    public async Task<bool> AdoptAsync(
        SubmissionEntry submission, IReadOnlyList<InputEntry> inputs, string? batchId, IReadOnlyList<NimbleTask> tasks,
        PostProof proof, CancellationToken cancellationToken)
    {
        // Evidence may come after the inputs failed for lack of it. They wait again before the submission is opened, so
        // that a crash in between leaves a submission that can be adopted again.
        if (submission.State is SubmissionState.Refused or SubmissionState.Closed)
            await outcomes.TakeBackAsync(submission, inputs, cancellationToken);
        if (tasks.Count > 0)
            await ledger.AddTasksAsync(
                submission.SubmissionId, new TaskMatcher(submission, inputs).Match(tasks), cancellationToken);
        await budget.TakeLostAsync(submission, cancellationToken);
        CrashPoint.Pass("sweep.adopt");
        var now = time.GetUtcNow();
        var adopted = await ledger.UpdateSubmissionAsync(
            submission.ToAccepted(batchId, proof, now, now), cancellationToken) is not null;
        if (adopted)
        {
            LogAdopted(
                submission.SubmissionId, batchId is null ? "tasks without a batch id" : $"batch {batchId}", proof);
            await reopening.ReopenListAsync(submission.ListId, cancellationToken);
        }

        return adopted;
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Submission {SubmissionId} turned out to be accepted as {Batch}; the evidence is {Proof}.")]
    private partial void LogAdopted(string submissionId, string batch, PostProof proof);
}
