using Azure.Data.Tables;
using Pipeline.Model;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>
/// The ledger in Azure Table Storage: budgets. The total and the reservations of a budget are rows of one partition and
/// change in one transaction.
/// </summary>
internal sealed partial class TableLedger
{
    private const string Urls = "Urls";

    // All workers update the same total. An attempt fails only because another one succeeded.
    private const int MaxBudgetAttempts = 200;

    /// <inheritdoc/>
    public async Task<long> ReserveAsync(
        string budget, string name, int urls, long limit, CancellationToken cancellationToken)
    {
        var partition = LedgerKeys.BudgetPartition(budget);
        for (var attempt = 0; attempt < MaxBudgetAttempts; attempt++)
        {
            // The total is read first: if it already counts this reservation, the second read finds the reservation.
            var total = await _rows.GetAsync(partition, LedgerKeys.BudgetTotal, cancellationToken);
            if (await _rows.GetAsync(partition, LedgerKeys.Reservation(name), cancellationToken) is not null)
                return urls;
            var left = limit - UrlsOf(total);
            if (left < urls)
                return Math.Max(0, left);
            var reservation = new TableTransactionAction(
                TableTransactionActionType.Add,
                new TableEntity(partition, LedgerKeys.Reservation(name)) { [Urls] = (long)urls });
            if (await TryChangeAsync(partition, total, urls, reservation, cancellationToken))
                return urls;
        }
        throw Busy(budget);
    }

    /// <inheritdoc/>
    public async Task ReleaseAsync(string budget, string name, CancellationToken cancellationToken)
    {
        var partition = LedgerKeys.BudgetPartition(budget);
        for (var attempt = 0; attempt < MaxBudgetAttempts; attempt++)
        {
            if (await _rows.GetAsync(partition, LedgerKeys.Reservation(name), cancellationToken) is not { } reservation)
                return;
            var total = await _rows.GetAsync(partition, LedgerKeys.BudgetTotal, cancellationToken);
            if (await TryChangeAsync(partition, total, -UrlsOf(reservation), new(TableTransactionActionType.Delete,
                reservation, reservation.ETag), cancellationToken))
                return;
        }
        throw Busy(budget);
    }

    /// <inheritdoc/>
    public async Task<long> GetReservedAsync(string budget, CancellationToken cancellationToken) =>
        UrlsOf(await _rows.GetAsync(LedgerKeys.BudgetPartition(budget), LedgerKeys.BudgetTotal, cancellationToken));

    /// <summary>
    /// Changes the total and a reservation if the total is unchanged since it was read. A transaction whose answer was
    /// lost counts as failed; the next attempt then finds what it wrote.
    /// </summary>
    private async Task<bool> TryChangeAsync(
        string partition, TableEntity? total, long by, TableTransactionAction reservation,
        CancellationToken cancellationToken)
    {
        var changed = new TableEntity(partition, LedgerKeys.BudgetTotal) { [Urls] = UrlsOf(total) + by };
        var update = total is null
            ? new TableTransactionAction(TableTransactionActionType.Add, changed)
            : new TableTransactionAction(TableTransactionActionType.UpdateReplace, changed, total.ETag);
        return (await _rows.WriteAllAsync([update, reservation], cancellationToken)).Count == 2;
    }

    private static long UrlsOf(TableEntity? row) => row?.GetInt64(Urls) ?? 0;

    private static PipelineException Busy(string budget) => PipelineException.Transient(
        FailureReasons.Unavailable,
        $"Cannot update the budget '{budget}' in the ledger: {MaxBudgetAttempts} attempts "
            + "conflicted with other writers.");
}
