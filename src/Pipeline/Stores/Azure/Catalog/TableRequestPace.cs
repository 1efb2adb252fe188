using System.Security.Cryptography;
using Azure.Data.Tables;
using Pipeline.Model;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Azure.Ledger;

namespace Pipeline.Stores.Azure.Catalog;

/// <summary>
/// The pace of all processes over one account: one row with the first free turn. A reservation reads and replaces it;
/// without a conflict, that takes two requests.
/// </summary>
internal sealed class TableRequestPace(AzureAccount account, TimeProvider time) : IRequestPace
{
    private const string Free = "Free";

    // Every process replaces the same row. An attempt fails only because another one succeeded.
    private const int MaxAttempts = 200;

    // Longest pause after a conflict. The time is random, so that two processes do not collide again and again.
    private const int MaxPauseMilliseconds = 50;

    private readonly LedgerTable _rows = new(account.Table(AzureNames.LedgerTable));

    /// <inheritdoc/>
    public async Task<DateTimeOffset> ReserveAsync(
        int count, TimeSpan interval, DateTimeOffset now, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var row = await _rows.GetAsync(LedgerKeys.PacePartition, LedgerKeys.PaceRow, cancellationToken);
            var first = Turns.First(row?.GetDateTimeOffset(Free), interval, now);
            var changed = new TableEntity(LedgerKeys.PacePartition, LedgerKeys.PaceRow)
            {
                [Free] = first + (count * interval),
            };
            var isWritten = row is null
                ? await _rows.AddAsync(changed, cancellationToken)
                : await _rows.ReplaceAsync(changed, row.ETag.ToString(), cancellationToken) is not null;
            if (isWritten)
                return first;
            var pause = TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(MaxPauseMilliseconds));
            await Task.Delay(pause, time, cancellationToken);
            now = time.GetUtcNow();
        }

        throw PipelineException.Transient(
            FailureReasons.Unavailable,
            $"Cannot reserve a turn for a request to Nimble: {MaxAttempts} attempts conflicted with other processes.");
    }
}
