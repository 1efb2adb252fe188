using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Submit.Evidence;

/// <summary>
/// Caches the matchers of submissions whose results are arriving. A matcher uses only what is fixed once an input is
/// planned, so a thousand unmatched tasks cost one read of the inputs.
/// </summary>
internal sealed class TaskMatcherCache(ILedger ledger)
{
    // A matcher of a thousand inputs takes about 500 KB; results arrive for few submissions at a time.
    private const int MaxSubmissions = 8;

    private readonly AsyncCache<TaskMatcher> _matchers = new(MaxSubmissions);

    /// <summary>
    /// Gets the matcher of a submission. The state of its inputs may be out of date; all else is current.
    /// </summary>
    public Task<TaskMatcher> ForAsync(SubmissionEntry submission, CancellationToken cancellationToken) =>
        _matchers.GetAsync(submission.SubmissionId, () => CreateAsync(submission), cancellationToken);

    private async Task<TaskMatcher> CreateAsync(SubmissionEntry submission) =>
        new(submission, await ledger.GetInputsAsync(submission.SubmissionId, CancellationToken.None));
}
