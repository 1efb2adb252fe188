using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Catalog;

/// <summary>
/// Finds inputs in Azure Table Storage. A search by URL or id reads the filters of a thousand submissions with one
/// request; one by task or batch asks each submission. Both stop at a bound.
/// </summary>
internal sealed class TableInputIndex(AzureAccount account, IListCatalog catalog, ILedger ledger) : IInputIndex
{
    /// <summary>Maximum number of lists that a search reads: half of them open, half closed.</summary>
    public const int MaxLists = 200;

    /// <summary>Maximum number of submissions that a search reads.</summary>
    public const int MaxSubmissions = 2000;

    private const int Parallelism = 32;

    private readonly LedgerTable _rows = new(account.Table(AzureNames.LedgerTable));

    /// <inheritdoc/>
    public async Task<FoundInputs> FindAsync(InputQuery query, int max, CancellationToken cancellationToken)
    {
        var found = new List<InputEntry>();
        var (lists, isComplete) = await ListsAsync(query, cancellationToken);
        var (read, isExact) = (0, true);
        foreach (var list in lists)
            await foreach (var candidates in CandidatesAsync(list, query, cancellationToken)
                .Chunk(Parallelism).WithCancellation(cancellationToken))
            {
                if (found.Count >= max || (read += candidates.Length) > MaxSubmissions)
                    return new([.. found.Take(max)], IsComplete: false);
                foreach (var (inputs, named) in await Task.WhenAll(
                    candidates.Select(id => MatchesAsync(id, query, cancellationToken))))
                {
                    found.AddRange(inputs);
                    isExact &= named;
                }
            }

        return new([.. found.Take(max)], isComplete && found.Count <= max, isExact);
    }

    private async Task<(IReadOnlyList<string> Lists, bool IsComplete)> ListsAsync(
        InputQuery query, CancellationToken cancellationToken)
    {
        if (query.ListId is { } only)
            return ([only], true);
        var open = await catalog.GetOpenPageAsync("", MaxLists / 2, cancellationToken);
        var closed = await catalog.GetClosedPageAsync(null, MaxLists / 2, cancellationToken);
        return (
            [.. open.Concat(closed).Select(list => list.ListId)],
            open.Count < MaxLists / 2 && closed.Count < MaxLists / 2);
    }

    private IAsyncEnumerable<string> CandidatesAsync(
        string listId, InputQuery query, CancellationToken cancellationToken) =>
        _rows.GetAllAsync(LedgerKeys.ListPartition(listId), LedgerKeys.MemberPrefix, cancellationToken)
            .Where(row => KeyFilter.MayHold(row.GetBinary(LedgerKeys.Filter), query))
            .Select(row => row.GetString(nameof(SubmissionEntry.SubmissionId)));

    private async Task<(IEnumerable<InputEntry> Inputs, bool IsExact)> MatchesAsync(
        string submissionId, InputQuery query, CancellationToken cancellationToken)
    {
        var task = query.Key == InputKey.Task
            ? await ledger.GetTaskAsync(submissionId, query.Value, cancellationToken)
            : null;
        if ((query.Key == InputKey.Task && task is null) || !await IsBatchAsync(submissionId, query, cancellationToken))
            return ([], true);
        var inputs = await ledger.GetInputsAsync(submissionId, cancellationToken);
        var matches = inputs.Where(input => task?.Ordinal is { } ordinal
            ? input.Ordinal == ordinal
            : KeyFilter.IsMatch(input, query)).ToList();
        return (KeyFilter.Choose(inputs, matches, query), matches.Count > 0 || query.Key != InputKey.Task);
    }

    private async Task<bool> IsBatchAsync(
        string submissionId, InputQuery query, CancellationToken cancellationToken) =>
        query.Key != InputKey.Batch
        || (await ledger.GetSubmissionAsync(submissionId, cancellationToken))?.BatchId == query.Value;
}
