using Microsoft.Extensions.Options;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit;
using Pipeline.Submit.Evidence;

namespace Pipeline.Sweep.Lists;

/// <summary>
/// Publishes the manifest of a list: the sum of the tallies that its submissions stored when they closed. Inputs are
/// read again only for submissions without a tally, or if the sum differs from the number of the list's inputs.
/// </summary>
internal sealed class ManifestWriter(
    ILedger ledger,
    IRecordStore store,
    Publisher publisher,
    ClosedSubmissions closed,
    BudgetGuard budget,
    CanaryGuard canaries,
    IOptions<PipelineOptions> options)
{
    /// <summary>Publishes the manifest.</summary>
    /// <param name="list">A list whose submissions seem to be closed.</param>
    /// <param name="now">When it closes.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    /// <returns>What was published; null if a submission is open or missing.</returns>
    public async Task<Manifest?> PublishAsync(ListEntry list, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var sum = await SumAsync(list, countInputs: false, cancellationToken);
        if (sum is not null && sum.Outcomes.Total != list.Inputs)
            sum = await SumAsync(list, countInputs: true, cancellationToken);
        if (sum is null)
            return null;
        if (sum.Outcomes.Total != list.Inputs)
            throw new InvalidOperationException(
                $"List {list.ListId} has {Amount.Of(list.Inputs, "input")}, but "
                    + $"{Amount.Of(sum.Outcomes.Records, "record")} and "
                    + $"{Amount.Of(sum.Outcomes.Failures, "failure")}.");
        CrashPoint.Pass("sweep.before-manifest");
        var manifest = await DescribeAsync(list, sum, now, cancellationToken);
        await publisher.PublishAsync(manifest, cancellationToken);
        return manifest;
    }

    private async Task<Sum?> SumAsync(ListEntry list, bool countInputs, CancellationToken cancellationToken)
    {
        var sum = new Sum();
        await foreach (var submission in ledger.GetSubmissionsAsync(list.ListId, cancellationToken))
        {
            if (submission.State != SubmissionState.Closed)
            {
                closed.NoteOpen(submission);
                return null;
            }

            sum.Outcomes.Add(
                (countInputs ? null : OutcomeTally.Read(submission.Tally))
                ?? OutcomeTally.Of(await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken)));
            sum.Planned += submission.RepeatOf is null ? 1 : 0;
            sum.Accepted += submission.AcceptedAt is null ? 0 : submission.Count;
            sum.Canary ??= submission.WaitsFor;
            sum.Submissions.Add(Describe(submission));
        }

        return sum.Planned == list.Submissions ? sum : null;
    }

    private async Task<Manifest> DescribeAsync(
        ListEntry list, Sum sum, DateTimeOffset now, CancellationToken cancellationToken) => new()
    {
        ListId = list.ListId,
        Source = list.Source,
        RevisionOf = list.RevisionOf,
        Api = options.Value.Nimble.Name,
        Inputs = list.Inputs,
        Records = sum.Outcomes.Records,
        Failures = sum.Outcomes.Failures,
        Duplicates = list.Duplicates,
        FailuresByReason = sum.Outcomes.FailuresByReason,
        RecordsByHttpStatus = sum.Outcomes.RecordsByHttpStatus,
        DiscoveredBy = sum.Outcomes.DiscoveredBy,
        Series = list.Series,
        LeftOut = list.Series is null ? null : list.LeftOut,
        Changes = list.Series is null ? null : sum.Outcomes.Changes with { Removed = list.Removed },
        Submissions = sum.Submissions,
        Locations = await store.GetLocationsAsync(list.ListId, cancellationToken),
        CreatedAt = list.CreatedAt,
        ClosedAt = now,
        DurationMs = (long)(now - list.CreatedAt).TotalMilliseconds,
        Guards = await DescribeGuardsAsync(list.ListId, sum.Canary, cancellationToken),
        EstimatedCost = options.Value.Nimble.PricePerUrl * (list.RevisionOf is null ? sum.Accepted : 0),
    };

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

    private sealed class Sum
    {
        public OutcomeTally Outcomes { get; } = new();

        public List<ManifestSubmission> Submissions { get; } = [];

        /// <summary>Number of submissions planned from the list, without repeats.</summary>
        public int Planned { get; set; }

        public long Accepted { get; set; }

        public string? Canary { get; set; }
    }
}
