using System.Globalization;
using Microsoft.Extensions.Options;
using Pipeline.Options;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Keeping;

namespace Pipeline.Reports.Notices;

/// <summary>A restore of the ledger that still matters.</summary>
/// <param name="IsUnfinished">Whether it is under way or was cut short, so that nothing is posted.</param>
/// <param name="At">When the ledger was restored, UTC.</param>
/// <param name="FirstLookAt">When the search for submissions starts, UTC; null if it has started.</param>
/// <param name="Text">What that means, in sentences for people.</param>
/// <param name="Action">What may be done, with a command.</param>
internal sealed record RestoreReport(
    bool IsUnfinished, DateTimeOffset At, DateTimeOffset? FirstLookAt, string Text, string Action);

/// <summary>Explains what a restored ledger does before it posts anything, for as long as it does so.</summary>
internal sealed class RestoreNotice(RecentRestore restores, IOptions<PipelineOptions> options, TimeProvider time)
{
    /// <summary>Returns a few sentences for people; null if there was no restore, or none that still matters.</summary>
    public async Task<string?> ReadAsync(CancellationToken cancellationToken) =>
        await FindAsync(cancellationToken) is { } restore ? $"{restore.Text} {restore.Action}" : null;

    /// <summary>Finds the restore; null if there was none, or none that still matters.</summary>
    public async Task<RestoreReport?> FindAsync(CancellationToken cancellationToken) =>
        await restores.FindAsync(cancellationToken) switch
        {
            null => null,
            { IsUnfinished: true } restore => new(
                true, restore.At, null,
                "The ledger is being restored, or its restore was interrupted, so nothing is posted.",
                "If it was interrupted, run the same 'pipeline restore' again."),
            var restore => Describe(restore),
        };

    private RestoreReport Describe(LedgerRestore restore)
    {
        // Until then, a POST of the old process may still be in progress.
        var start = restore.At + options.Value.Sweep.PostingLease;
        var firstLook = start > time.GetUtcNow() ? start : (DateTimeOffset?)null;
        var from = firstLook is { } at ? $" The search starts at {Time(at, "HH:mm:ss")}." : "";
        return new(
            false, restore.At, firstLook,
            $"The ledger was restored on {Minute(restore.At)} from a backup of {Minute(restore.Since)}. Until "
                + $"{Minute(restore.At + LedgerRestore.Matters)}, Nimble is searched for each submission before it is "
                + $"posted: if it was posted after the backup, its results are collected.{from}",
            "To post without searching: pipeline restore --done");
    }

    private static string Minute(DateTimeOffset time) => Time(time, "yyyy-MM-dd HH:mm");

    private static string Time(DateTimeOffset time, string format) =>
        time.UtcDateTime.ToString(format, CultureInfo.InvariantCulture) + " UTC";
}
