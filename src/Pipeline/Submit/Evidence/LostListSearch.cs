using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Ledgers;

namespace Pipeline.Submit.Evidence;

/// <summary>
/// Finds what a restored ledger does not know at all: lists that were sent after the backup. Submissions of lists that
/// it knows are found by <see cref="RestoredLedger"/>. Nimble lists what was posted in the lost time, and what each
/// batch or task echoes of its delivery names its submission, with an HMAC that only this pipeline can make. The inputs
/// themselves are not taken over: without the list, nobody knows its lines, ids and options.
/// </summary>
internal sealed class LostListSearch(
    LostPosts posts, OwnAddresses addresses, ILedger ledger, IRestoreLedger restores, TimeProvider time)
{
    /// <summary>Reads Nimble's lists and compares them with the ledger.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: there was no restore lately, or the API refuses us. Transient: API or ledger do not answer.
    /// </exception>
    public async Task<LostLists> FindAsync(CancellationToken cancellationToken)
    {
        var restore = await RequireRestoreAsync(cancellationToken);
        var found = new LostListCollector(addresses);
        var (batchEnd, taskEnd) = (new ListEnd("batches"), new ListEnd("tasks"));
        await foreach (var post in posts.ReadAsync(restore, batchEnd, taskEnd, cancellationToken))
            found.Add(post.Tasks, post.CreatedAt);
        return new(
            restore, await SelectAsync(found.Submissions, cancellationToken), found.Unnamed, found.OfOtherKeys,
            [.. new[] { batchEnd.Doubt, taskEnd.Doubt }.OfType<string>()]);
    }

    private async Task<LedgerRestore> RequireRestoreAsync(CancellationToken cancellationToken)
    {
        var restore = await restores.FindRestoreAsync(cancellationToken);
        if (restore is null || !restore.IsRecent(time.GetUtcNow()))
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"Nothing was restored here within the last {LedgerRestore.Matters.TotalDays:0} days, or "
                    + "'pipeline restore --done' has ended the search. So no list is missing for that reason.");
        return !restore.IsUnfinished ? restore : throw PipelineException.Permanent(
            FailureReasons.InvalidConfiguration,
            "The restore has not ended, or was cut short. Run the same 'pipeline restore' again first.");
    }

    /// <summary>Leaves out what the ledger knows, makes again by itself, or has erased.</summary>
    private async Task<IReadOnlyList<LostList>> SelectAsync(
        IEnumerable<LostSubmission> submissions, CancellationToken cancellationToken)
    {
        var lost = new List<LostList>();
        foreach (var group in submissions.GroupBy(s => SubmissionIds.ListOf(s.SubmissionId), StringComparer.Ordinal))
        {
            var list = await ledger.GetListAsync(group.Key, cancellationToken);
            List<LostSubmission> unknown = list is null
                ? [.. group]
                : list.State is ListState.Closed or ListState.Refused
                ? await group.ToAsyncEnumerable().Where(
                    async (s, token) => await ledger.GetSubmissionAsync(s.SubmissionId, token) is null)
                    .ToListAsync(cancellationToken)
                : [];
            if (unknown.Count > 0 && !await ledger.IsErasedAsync(group.Key, cancellationToken))
                lost.Add(new(
                    group.Key, IsKnown: list is not null, unknown.Count, unknown.Sum(s => s.Tasks),
                    unknown.Min(s => s.PostedAt), unknown.Find(s => s.FirstUrl is not null)?.FirstUrl));
        }

        return [.. lost.OrderBy(list => list.PostedAt).ThenBy(list => list.ListId, StringComparer.Ordinal)];
    }
}
