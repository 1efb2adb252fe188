
using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Submit.Evidence;

/// <summary>
/// The matchers of the submissions whose results are coming in: what they know of an input never changes once it is planned, so a thousand tasks
/// that no answer has named pay for one reading of their inputs.
/// </summary>
internal sealed class TaskMatcherCache(ILedger ledger)
{
    // A matcher of a thousand inputs is about half a megabyte; results come in for few submissions at a time.
    private const int Kept = 8;

    private readonly AsyncCache<TaskMatcher> _matchers = new(Kept);

    /// <summary>The matcher of a submission. Its inputs are as they were when it was made: only their state may have changed since.</summary>
    public Task<TaskMatcher> ForAsync(SubmissionEntry submission, CancellationToken cancellationToken) =>
        _matchers.GetAsync(submission.SubmissionId, () => MakeAsync(submission), cancellationToken);

    private async Task<TaskMatcher> MakeAsync(SubmissionEntry submission) =>
        new(submission, await ledger.GetInputsAsync(submission.SubmissionId, CancellationToken.None));
}
