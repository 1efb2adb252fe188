using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Submit;

/// <summary>The outcomes of the first inputs of a list.</summary>
/// <param name="Inputs">Number of inputs.</param>
/// <param name="Records">Number of inputs that have a record.</param>
/// <param name="Failures">Number of inputs that have failed for good.</param>
/// <param name="Needed">Number of records that the canary needs.</param>
internal sealed record CanaryResult(int Inputs, int Records, int Failures, int Needed)
{
    /// <summary>Whether enough have succeeded.</summary>
    public bool HasPassed => Records >= Needed;

    /// <summary>Whether too many have failed.</summary>
    public bool HasFailed => Failures > Inputs - Needed;
}

/// <summary>Decides whether a list's first inputs succeeded, and wakes the submissions that wait for that.</summary>
internal sealed partial class CanaryGuard(
    ILedger ledger, PlannedSubmissions planned, IOptions<PipelineOptions> options, TimeProvider time,
    ILogger<CanaryGuard> logger)
{
    // One entry per list with a canary; if an entry is dropped, the canary is counted again.
    private const int Kept = 1000;

    private readonly AsyncCache<CanaryResult> _decided = new(Kept);

    /// <summary>Counts the outcomes of the canary, wherever its inputs have moved.</summary>
    public async Task<CanaryResult> GetResultAsync(string submissionId, CancellationToken cancellationToken)
    {
        if (_decided.TryGet(submissionId, out var known))
            return known;
        int inputs = 0, records = 0, failures = 0;
        var all = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>([submissionId]);
        var seen = new HashSet<string>(open, StringComparer.Ordinal);
        while (open.TryDequeue(out var id))
        {
            // Until a submission is closed, a failed input may be retried.
            var isClosed = await ledger.GetSubmissionAsync(id, cancellationToken) is { State: SubmissionState.Closed };
            foreach (var input in await ledger.GetInputsAsync(id, cancellationToken))
            {
                inputs += all.Add(input.Id) ? 1 : 0;
                records += input.State == InputState.Recorded ? 1 : 0;
                failures += isClosed && input.State == InputState.Failed ? 1 : 0;
                if (input.MovedTo is { } next && seen.Add(next))
                    open.Enqueue(next);
            }
        }

        var result = new CanaryResult(
            inputs, records, failures, (int)Math.Ceiling(inputs * options.Value.Guards.CanaryShare));
        if (result.HasPassed || result.HasFailed)
            _decided.Set(submissionId, result);
        return result;
    }

    /// <summary>
    /// Sends the messages of submissions that wait for a canary, if the submission that was just closed decides it.
    /// </summary>
    public async Task WakeAsync(SubmissionEntry closed, CancellationToken cancellationToken)
    {
        if (options.Value.Guards.Canary == 0 || closed.WaitsFor is not null)
            return;
        var woken = 0;
        await foreach (var waiting in ledger.GetSubmissionsAsync(closed.ListId, cancellationToken))
        {
            if (waiting is not { State: SubmissionState.Planned, Hold: HoldReason.Canary, WaitsFor: { } canary })
                continue;
            if (await GetResultAsync(canary, cancellationToken) is { HasPassed: false, HasFailed: false })
                return;
            if (await planned.SendAgainAsync(waiting.SendAgain(time.GetUtcNow()), cancellationToken))
                woken++;
        }

        if (woken > 0)
            LogWoken(woken, closed.ListId);
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "The canary of list {ListId} is decided. Submissions that waited for it: {Submissions}.")]
    private partial void LogWoken(int submissions, string listId);
}
