using Pipeline.Ledger;
using Pipeline.Ports;

namespace Pipeline.Collect;

/// <summary>
/// The matchers of the submissions whose results are coming in: what they know of an input never changes once it is planned, so a thousand tasks
/// that no answer has named pay for one reading of their inputs.
/// </summary>
internal sealed class Matchers(ILedger ledger)
{
    // A matcher of a thousand inputs is about half a megabyte; results come in for few submissions at a time.
    private const int Kept = 8;

    private readonly Lock _lock = new();
    private readonly OrderedDictionary<string, Task<TaskMatcher>> _matchers = new(StringComparer.Ordinal);

    /// <summary>The matcher of a submission. Its inputs are as they were when it was made: only their state may have changed since.</summary>
    public async Task<TaskMatcher> ForAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        Task<TaskMatcher> matcher;
        lock (_lock)
        {
            // What failed is tried again.
            if (!_matchers.TryGetValue(submission.SubmissionId, out matcher!) || matcher.IsFaulted)
            {
                _matchers[submission.SubmissionId] = matcher = MakeAsync(submission);
                if (_matchers.Count > Kept)
                    _matchers.RemoveAt(0);
            }
        }

        return await matcher.WaitAsync(cancellationToken);
    }

    // For all who wait for it, so it is not cancelled with one of them.
    private async Task<TaskMatcher> MakeAsync(SubmissionEntry submission)
    {
        await Task.Yield();
        return new(submission, await ledger.GetInputsAsync(submission.SubmissionId, CancellationToken.None));
    }
}
