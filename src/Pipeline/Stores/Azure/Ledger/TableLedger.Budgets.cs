using Azure.Data.Tables;
using Pipeline.Model;

namespace Pipeline.Stores.Azure.Ledger;

/// <summary>The ledger in Azure Table Storage: budgets. A reservation and the total are rows of one partition and change in one transaction.</summary>
internal sealed partial class TableLedger
{
    private const string Urls = "Urls";

    // Everybody who posts writes to the same total, and each turn that fails is one that another won.
    private const int MaxBudgetTurns = 200;

    /// <inheritdoc/>
    public async Task<long> ReserveAsync(string budget, string name, int urls, long limit, CancellationToken cancellationToken)
    {
        var partition = LedgerKeys.BudgetPartition(budget);
        for (var turn = 0; turn < MaxBudgetTurns; turn++)
        {
            // In this order: a total that counts this name already is never read without the reservation that made it so.
            var total = await _rows.GetAsync(partition, LedgerKeys.BudgetTotal, cancellationToken);
            if (await _rows.GetAsync(partition, LedgerKeys.Reservation(name), cancellationToken) is not null)
                return urls;
            var left = limit - UrlsOf(total);
            if (left < urls)
                return Math.Max(0, left);
            var reservation = new TableTransactionAction(TableTransactionActionType.Add, new TableEntity(partition, LedgerKeys.Reservation(name)) { [Urls] = (long)urls });
            if (await TryChangeAsync(partition, total, urls, reservation, cancellationToken))
                return urls;
        }
        throw Busy(budget);
    }

    /// <inheritdoc/>
    public async Task ReleaseAsync(string budget, string name, CancellationToken cancellationToken)
    {
        var partition = LedgerKeys.BudgetPartition(budget);
        for (var turn = 0; turn < MaxBudgetTurns; turn++)
        {
            if (await _rows.GetAsync(partition, LedgerKeys.Reservation(name), cancellationToken) is not { } reservation)
                return;
            var total = await _rows.GetAsync(partition, LedgerKeys.BudgetTotal, cancellationToken);
            if (await TryChangeAsync(partition, total, -UrlsOf(reservation), new(TableTransactionActionType.Delete, reservation, reservation.ETag), cancellationToken))
                return;
        }
        throw Busy(budget);
    }

    /// <inheritdoc/>
    public async Task<long> GetReservedAsync(string budget, CancellationToken cancellationToken) =>
        UrlsOf(await _rows.GetAsync(LedgerKeys.BudgetPartition(budget), LedgerKeys.BudgetTotal, cancellationToken));

    /// <summary>Changes the total if it still is what was read, and a reservation with it. A transaction whose answer was lost counts as failed, and the next turn meets what it wrote.</summary>
    private async Task<bool> TryChangeAsync(string partition, TableEntity? total, long by, TableTransactionAction reservation, CancellationToken cancellationToken)
    {
        var changed = new TableEntity(partition, LedgerKeys.BudgetTotal) { [Urls] = UrlsOf(total) + by };
        var update = total is null
            ? new TableTransactionAction(TableTransactionActionType.Add, changed)
            : new TableTransactionAction(TableTransactionActionType.UpdateReplace, changed, total.ETag);
        return (await _rows.WriteAllAsync([update, reservation], cancellationToken)).Count == 2;
    }

    private static long UrlsOf(TableEntity? row) => row?.GetInt64(Urls) ?? 0;

    private static PipelineException Busy(string budget) => PipelineException.Transient(
        FailureReasons.Unavailable, $"Others write to the budget '{budget}' in the ledger all the time; it could not be written in {MaxBudgetTurns} turns.");
}
