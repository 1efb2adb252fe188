using System.Runtime.CompilerServices;
using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>Reads the submissions of a list, on request with their current outcomes.</summary>
internal static class LiveSubmissions
{
    // On Azure each count is a request. With this many in parallel, a thousand submissions take about a second.
    private const int MaxParallel = 32;

    /// <summary>Returns all submissions of a list, ordered by sequence.</summary>
    public static IAsyncEnumerable<SubmissionEntry> GetSubmissionsAsync(
        this ILedger ledger, string listId, CancellationToken cancellationToken) =>
        ledger.GetSubmissionsAsync(listId, 0, cancellationToken);

    /// <summary>
    /// Reads the submissions of a list, by sequence, and counts the outcomes of each that is not closed.
    /// </summary>
    public static async IAsyncEnumerable<(SubmissionEntry Submission, OutcomeCounts Outcomes)> GetLiveSubmissionsAsync(
        this ILedger ledger, string listId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ahead = new Queue<(SubmissionEntry Submission, Task<OutcomeCounts> Outcomes)>();
        await foreach (var submission in ledger.GetSubmissionsAsync(listId, cancellationToken))
        {
            ahead.Enqueue((submission, ledger.CountOutcomesAsync(submission, cancellationToken)));
            if (ahead.Count == MaxParallel && ahead.Dequeue() is var first)
                yield return (first.Submission, await first.Outcomes);
        }

        while (ahead.TryDequeue(out var next))
            yield return (next.Submission, await next.Outcomes);
    }

    /// <summary>
    /// Counts the outcomes of a submission. Reads inputs only if necessary: a closed submission stores its counts, and
    /// one that is not accepted has no outcomes yet.
    /// </summary>
    public static Task<OutcomeCounts> CountOutcomesAsync(
        this ILedger ledger, SubmissionEntry submission, CancellationToken cancellationToken) =>
        submission.State switch
        {
            SubmissionState.Closed => Task.FromResult(new OutcomeCounts(0, submission.Records, submission.Failures)),
            SubmissionState.Accepted or SubmissionState.Refused =>
                ledger.CountOutcomesAsync(submission.SubmissionId, cancellationToken),
            _ => Task.FromResult(new OutcomeCounts(submission.Count, 0, 0)),
        };
}
