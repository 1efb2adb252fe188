using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Concurrency;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit;

namespace Pipeline.Sweep;

/// <summary>
/// Publishes the manifest of every list whose submissions are all closed, counted anew from the ledger's inputs.
/// </summary>
internal sealed partial class ListCloser(
    ILedger ledger,
    IRecordStore store,
    Publisher publisher,
    BudgetGuard budget,
    CanaryGuard canaries,
    CancelledLists cancelled,
    IsolatedSteps steps,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<ListCloser> logger)
{
    private const int Kept = 10_000;

    // The manifest of a long list takes minutes, and the others must not wait for it.
    private const int Parallelism = 4;

    // For each list a submission that was not closed at the last look: as long as it is not, no other has to be read.
    private readonly AsyncCache<string> _open = new(Kept);

    /// <summary>Closes what is complete; returns what is left open.</summary>
    public async Task<OpenLists> CloseListsAsync(CancellationToken cancellationToken)
    {
        var left = new ConcurrentBag<DateTimeOffset>();
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = Parallelism,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(ledger.GetOpenListsAsync(cancellationToken), parallel, async (list, token) =>
        {
            var isClosed = false;
            await steps.RunAsync(list, async (current, stop) => isClosed = await TryCloseAsync(current, stop), token);
            if (!isClosed)
                left.Add(list.CreatedAt);
        });
        return new(left.Count, left.IsEmpty ? null : left.Min());
    }

    private async Task<bool> TryCloseAsync(ListEntry list, CancellationToken cancellationToken)
    {
        await cancelled.WakeAsync(list, cancellationToken);
        if (list.State != ListState.Open || !await IsCompleteAsync(list, cancellationToken))
            return false;
        await CloseAsync(list, cancellationToken);
        return true;
    }

    private async Task<bool> IsCompleteAsync(ListEntry list, CancellationToken cancellationToken)
    {
        if (_open.TryGet(list.ListId, out var known)
            && await ledger.GetSubmissionAsync(known, cancellationToken) is { State: not SubmissionState.Closed })
            return false;
        _open.Remove(list.ListId);
        var closed = 0;
        var isComplete = true;
        await foreach (var submission in ledger.GetSubmissionsAsync(list.ListId, cancellationToken))
        {
            if (submission.State == SubmissionState.Closed)
                closed += submission.RepeatOf is null ? 1 : 0;
            else
            {
                // The last one: mostly submissions are closed in their order.
                _open.Set(list.ListId, submission.SubmissionId);
                isComplete = false;
            }
        }

        return isComplete && closed == list.Submissions;
    }

    private async Task CloseAsync(ListEntry list, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var submissions = new List<ManifestSubmission>(list.Submissions);
        var discoveredBy = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var reasons = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var statuses = new SortedDictionary<string, long>(StringComparer.Ordinal);
        long records = 0, failures = 0, accepted = 0;
        var changes = list.Series is null ? null : new ManifestChanges(0, 0, 0, list.Removed);
        string? canary = null;
        await foreach (var submission in ledger.GetSubmissionsAsync(list.ListId, cancellationToken))
        {
            foreach (var input in await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken))
            {
                if (input.State == InputState.Moved)
                    continue;
                Count(discoveredBy, input.DiscoveredBy.ToString().ToLowerInvariant());
                if (input.State == InputState.Recorded)
                {
                    records++;
                    changes = changes?.With(input.Series?.Change);
                    Count(statuses, input.HttpStatus?.ToString(CultureInfo.InvariantCulture) ?? "unknown");
                }
                else
                {
                    failures++;
                }
                if (input.Reason is { } reason)
                    Count(reasons, reason);
            }

            canary ??= submission.WaitsFor;
            accepted += submission.AcceptedAt is null ? 0 : submission.Count;
            submissions.Add(Describe(submission));
        }

        if (records + failures != list.Inputs)
            throw new InvalidOperationException(
                $"List {list.ListId} has {Amount.Of(list.Inputs, "input")}, but {Amount.Of(records, "record")} and "
                    + $"{Amount.Of(failures, "failure")}.");
        CrashPoint.Pass("sweep.before-manifest");
        await publisher.PublishAsync(new Manifest
        {
            ListId = list.ListId,
            Source = list.Source,
            Api = options.Value.Nimble.Name,
            Inputs = list.Inputs,
            Records = records,
            Failures = failures,
            Duplicates = list.Duplicates,
            Series = list.Series,
            LeftOut = list.Series is null ? null : list.LeftOut,
            Changes = changes,
            FailuresByReason = reasons,
            RecordsByHttpStatus = statuses,
            DiscoveredBy = discoveredBy,
            Submissions = submissions,
            Locations = await store.GetLocationsAsync(list.ListId, cancellationToken),
            CreatedAt = list.CreatedAt,
            ClosedAt = now,
            DurationMs = (long)(now - list.CreatedAt).TotalMilliseconds,
            Guards = await DescribeGuardsAsync(list.ListId, canary, cancellationToken),
            EstimatedCost = options.Value.Nimble.PricePerUrl * accepted,
        }, cancellationToken);
        CrashPoint.Pass("sweep.after-manifest");
        await ledger.UpdateListAsync(list with { State = ListState.Closed, ClosedAt = now }, cancellationToken);
        CrashPoint.Pass("sweep.after-close");
        LogClosed(list.ListId, list.Inputs, records, failures);
    }

    private async Task<ManifestGuards?> DescribeGuardsAsync(
        string listId, string? canary, CancellationToken cancellationToken)
    {
        if (canary is null && budget.ListLimit is null)
            return null;
        var result = canary is null ? null : await canaries.GetResultAsync(canary, cancellationToken);
        return new()
        {
            BudgetUrls = budget.ListLimit,
            PostedUrls = budget.ListLimit is null ? null : await budget.GetUsedAsync(listId, cancellationToken),
            CanarySubmission = canary,
            CanaryInputs = result?.Inputs,
            CanaryRecords = result?.Records,
            CanaryNeeded = result?.Needed,
        };
    }

    private static ManifestSubmission Describe(SubmissionEntry submission) => new()
    {
        SubmissionId = submission.SubmissionId,
        BatchId = submission.BatchId,
        Inputs = submission.Records + submission.Failures,
        Records = submission.Records,
        Failures = submission.Failures,
        PostedAt = submission.PostedAt,
        Proof = submission.Proof == PostProof.None ? null : submission.Proof.ToString().ToLowerInvariant(),
        Attempt = submission.Attempt,
        RepeatOf = submission.RepeatOf,
    };

    private static void Count(SortedDictionary<string, long> counts, string key) =>
        counts[key] = counts.GetValueOrDefault(key) + 1;

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "List {ListId} is closed. Inputs: {Inputs}, records: {Records}, failures: {Failures}.")]
    private partial void LogClosed(string listId, long inputs, long records, long failures);
}

/// <summary>The lists that are not closed.</summary>
/// <param name="Count">How many.</param>
/// <param name="OldestSince">When the oldest was created; null where there is none.</param>
internal sealed record OpenLists(int Count, DateTimeOffset? OldestSince);
