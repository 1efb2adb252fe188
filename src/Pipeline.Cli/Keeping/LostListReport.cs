using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Ports.Ledgers;
using Pipeline.Submit.Evidence;
using Pipeline.Urls;

namespace Pipeline.Cli.Keeping;

/// <summary><c>pipeline restore --lost</c>: names what was posted after the backup and is not in the ledger.</summary>
internal static class LostListReport
{
    private static readonly string[] Header = ["LIST", "URLS", "POSTED (UTC)", "LIKE"];

    /// <summary>Searches, and writes what was found.</summary>
    /// <returns>The exit code: 0 only if nothing is lost, and nothing is in doubt.</returns>
    public static async Task<int> WriteAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        if (settings.Api is null)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "Nimble's own lists say what was posted. Set NIMBLE_API_KEY.");
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        var lost = await stores.Services.GetRequiredService<LostListSearch>().FindAsync(cancellationToken);
        foreach (var line in Describe(lost))
            await Console.Out.WriteProseAsync(line);
        return lost is { Lists: [], Unnamed: 0, Doubts: [] } ? ExitCodes.Complete : ExitCodes.SomeFailed;
    }

    private static IEnumerable<string> Describe(LostLists lost)
    {
        var time = string.Create(
            CultureInfo.InvariantCulture,
            $"from {Text(lost.Restore.Since)} to {Text(lost.Restore.At)} UTC, the time between backup and restore");
        if (lost.Lists.Count == 0)
            yield return $"Nimble lists nothing of this pipeline {time}, that the ledger does not know.";
        foreach (var line in DescribeKind(
            lost.Lists.Where(list => !list.IsKnown),
            $"These lists were posted {time}. The ledger does not know them:",
            "Send each again as it was then: the same file gets the same id; where you had chosen the id, add "
                + "--list-id. Its results are then found and collected, and not paid for again."))
            yield return line;
        foreach (var line in DescribeKind(
            lost.Lists.Where(list => list.IsKnown),
            $"Inputs of these closed lists were posted again {time}:",
            "Post them again with 'pipeline replay LIST_ID --resubmit', with the same choice of inputs: their results "
                + "are then found, and not paid for again."))
            yield return line;
        if (lost.Lists.Count > 0)
            yield return $"Do so before {Text(lost.Restore.At + LedgerRestore.Matters)} UTC: later, nobody looks for "
                + "them, and Nimble may have deleted the results.";
        if (lost.Unnamed > 0)
            yield return $"{Amount.Of(lost.Unnamed, "batch or task", "batches and tasks")} of that time named no "
                + "owner: posted without bucket and callback, or by another program.";
        if (lost.OfOtherKeys > 0)
            yield return $"{Amount.Of(lost.OfOtherKeys, "batch or task", "batches and tasks")} of that time belonged "
                + "to a pipeline with another callback key.";
        foreach (var doubt in lost.Doubts)
            yield return $"There may be more: {doubt}.";
    }

    private static IEnumerable<string> DescribeKind(IEnumerable<LostList> lists, string title, string advice)
    {
        var rows = lists.Select(ToRow).ToList();
        return rows.Count == 0 ? [] : [title, .. Columns.Align([Header, .. rows]), advice];
    }

    private static string[] ToRow(LostList list) =>
    [
        list.ListId, list.Tasks.ToString("N0", CultureInfo.InvariantCulture),
        list.PostedAt is { } at ? Text(at) : "", UrlCredentials.HideAll(list.FirstUrl ?? ""),
    ];

    private static string Text(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
