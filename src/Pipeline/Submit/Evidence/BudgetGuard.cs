using System.Globalization;
using Microsoft.Extensions.Options;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Submit.Evidence;

/// <summary>The answer of the budgets for a submission's URLs.</summary>
/// <param name="Left">How many of them may be posted now; all of them when they were taken.</param>
/// <param name="Day">Whether the day's budget is used up; otherwise the list's.</param>
/// <param name="Limit">The limit of the budget that is used up.</param>
internal readonly record struct BudgetAnswer(int Left, bool Day, long Limit);

/// <summary>
/// Counts posted URLs for each list and each day, in the ledger. They are taken before the POST and given back if the
/// POST provably was not accepted. An unanswered POST counts, since it may be billed.
/// </summary>
internal sealed class BudgetGuard(ILedger ledger, IOptions<PipelineOptions> options)
{
    /// <summary>Maximum number of URLs posted per list; null for no limit.</summary>
    public long? ListLimit => ListLimitOf(options.Value);

    /// <summary>Maximum number of URLs posted per day; null for no limit.</summary>
    public long? DayLimit =>
        Limit(options.Value, options.Value.Guards.MaxUrlsPerDay, options.Value.Guards.MaxCostPerDay);

    /// <summary>
    /// The option or variable of the list's budget, as the user gave it: of the two, the one that allows less.
    /// </summary>
    public string ListSetting => SettingOf("PerList", options.Value.Guards.MaxUrlsPerList, ListLimit);

    /// <summary>The same for the day's budget.</summary>
    public string DaySetting => SettingOf("PerDay", options.Value.Guards.MaxUrlsPerDay, DayLimit);

    /// <summary>Maximum number of URLs posted per list with some options; null for no limit.</summary>
    public static long? ListLimitOf(PipelineOptions options) =>
        Limit(options, options.Guards.MaxUrlsPerList, options.Guards.MaxCostPerList);

    /// <summary>How many URLs of a list were posted, while it had a budget.</summary>
    public Task<long> GetUsedAsync(string listId, CancellationToken cancellationToken) =>
        ledger.GetReservedAsync(NameOf(listId), cancellationToken);

    /// <summary>How many URLs were posted on a day, UTC, while there was a budget for it.</summary>
    public Task<long> GetUsedAsync(DateTimeOffset day, CancellationToken cancellationToken) =>
        ledger.GetReservedAsync(NameOf(day), cancellationToken);

    /// <summary>Takes a submission's URLs, all or none.</summary>
    /// <param name="planned">What is about to be posted.</param>
    /// <param name="now">Names the day; <see cref="SubmissionEntry.PostedAt"/> if it is posted.</param>
    /// <param name="cancellationToken">Cancels between two steps; the same call continues later.</param>
    public async Task<BudgetAnswer> TakeAsync(
        SubmissionEntry planned, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (ListLimit is { } ofList)
        {
            var left = await ledger.ReserveAsync(
                NameOf(planned.ListId), NameOf(planned), planned.Count, ofList, cancellationToken);
            if (left < planned.Count)
                return new((int)left, Day: false, ofList);
        }

        CrashPoint.Pass("submit.after-budget");
        if (DayLimit is { } ofDay)
        {
            var left = await ledger.ReserveAsync(NameOf(now), NameOf(planned), planned.Count, ofDay, cancellationToken);
            if (left < planned.Count)
            {
                await ledger.ReleaseAsync(NameOf(planned.ListId), NameOf(planned), cancellationToken);
                return new((int)left, Day: true, ofDay);
            }
        }

        return new(planned.Count, Day: false, Limit: 0);
    }

    /// <summary>
    /// Gives back the URLs of a POST that was not accepted. Call it before the submission may be posted again.
    /// </summary>
    /// <param name="intent">The submission as it was posted.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    public async Task GiveBackAsync(SubmissionEntry intent, CancellationToken cancellationToken)
    {
        if (ListLimit is not null)
            await ledger.ReleaseAsync(NameOf(intent.ListId), NameOf(intent), cancellationToken);
        if (DayLimit is not null)
            await ledger.ReleaseAsync(NameOf(intent.PostedAt!.Value), NameOf(intent), cancellationToken);
    }

    /// <summary>
    /// Takes the URLs of a POST that the ledger had forgotten, once, whatever is left: they are paid for. They count
    /// for the day of the restore, which may be the day of the POST, and never for a later one.
    /// </summary>
    /// <param name="lost">What was planned in a restored ledger, and turned out to be posted.</param>
    /// <param name="cancellationToken">Stops between two steps; the same call continues later.</param>
    public async Task TakeLostAsync(SubmissionEntry lost, CancellationToken cancellationToken)
    {
        if (lost.LostUntil is not { } day)
            return;
        foreach (var budget in Budgets())
            await ledger.ReserveAsync(budget, NameOf(lost), lost.Count, long.MaxValue, cancellationToken);

        IEnumerable<string> Budgets()
        {
            if (ListLimit is not null)
                yield return NameOf(lost.ListId);
            if (DayLimit is not null)
                yield return NameOf(day);
        }
    }

    private static long? Limit(PipelineOptions options, long? urls, decimal? cost)
    {
        long? affordable = cost / options.Nimble.PricePerUrl is { } count
            ? (long)Math.Min(Math.Floor(count), long.MaxValue)
            : null;
        return affordable < urls ? affordable : urls ?? affordable;
    }

    private string SettingOf(string period, long? urls, long? limit) =>
        options.Value.NameOf($"Guards:{(urls == limit ? "MaxUrls" : "MaxCost")}{period}");

    private static string NameOf(string listId) => $"list.{listId}";

    private static string NameOf(DateTimeOffset day) =>
        $"day.{day.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}";

    private static string NameOf(SubmissionEntry submission) => $"{submission.SubmissionId}.{submission.Attempt}";
}
