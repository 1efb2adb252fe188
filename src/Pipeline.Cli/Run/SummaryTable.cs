using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Pipeline.Cli.Run;

/// <summary>The closing table of a run.</summary>
internal static class SummaryTable
{
    /// <summary>Builds it.</summary>
    /// <param name="counts">The counts.</param>
    /// <param name="perSecond">Outcomes a second; 0 if there were none.</param>
    /// <param name="took">How long it took.</param>
    public static Table Of(ManifestCounts counts, double perSecond, TimeSpan took)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("").AddColumn(new TableColumn("").RightAligned()).HideHeaders();
        Row(table, "inputs", counts.Sum("inputs"));
        Row(table, "records", counts.Sum("records"));
        foreach (var (name, count) in HttpClasses(counts.Group("records_by_http_status")))
            Row(table, $"  {name}", count);
        Row(table, "failures", counts.Sum("failures"));
        foreach (var (reason, count) in counts.Group("failures_by_reason"))
            Row(table, $"  {reason}", count);
        if (counts.Sum("duplicates") is > 0 and var duplicates)
            Row(table, "duplicates dropped", duplicates);
        AddSeries(table, counts.InSeries);
        foreach (var (how, count) in counts.Group("learnt").Where(g => g.Key != "none"))
            Row(table, $"found by {how}", count);
        foreach (var list in counts.Lists)
            if (list.TryGetProperty("guards", out var guards))
                AddGuards(table, guards, counts.Lists.Count == 1 ? "" : $" of {Name(list)}");
        if (counts.Cost is { } cost)
            table.AddTextRow("estimated cost", Money(cost));
        table.AddTextRow("duration", Durations.Exact(took));
        if (perSecond > 0)
            table.AddTextRow("throughput", string.Create(CultureInfo.InvariantCulture, $"{perSecond:N1} URLs/s"));
        return table;
    }

    /// <summary>A cost for people: at least two digits after the point, and more for a small one.</summary>
    public static string Money(decimal cost) => cost.ToString("#,##0.00##", CultureInfo.InvariantCulture);

    /// <summary>Sums statuses by class, and names those that a class holds.</summary>
    private static IEnumerable<(string Name, long Count)> HttpClasses(
        IEnumerable<KeyValuePair<string, long>> statuses) =>
        statuses.GroupBy(status => IsStatus(status.Key) ? status.Key[0] : ' ')
            .OrderBy(group => group.Key)
            .Select(group => (
                group.Key == ' ' ? "no HTTP status" : $"HTTP {group.Key}xx ({Names(group.Select(s => s.Key))})",
                group.Sum(status => status.Value)));

    private static string Names(IEnumerable<string> statuses) =>
        string.Join(", ", statuses.Order(StringComparer.Ordinal));

    private static bool IsStatus(string text) => text.Length == 3 && text.All(char.IsAsciiDigit);

    private static void AddSeries(Table table, ManifestCounts? runs)
    {
        if (runs is null)
            return;
        if (runs.Sum("left_out") is > 0 and var leftOut)
            Row(table, "left out, already in series", leftOut);
        foreach (var (change, count) in runs.Group("changes"))
            Row(table, $"series: {change}", count);
    }

    private static string Name(JsonElement list) =>
        list.TryGetProperty("source", out var source) ? source.GetString()! : list.GetProperty("list_id").GetString()!;

    private static void AddGuards(Table table, JsonElement guards, string ofList)
    {
        if (guards.TryGetProperty("budget_urls", out var limit))
            table.AddTextRow(
                $"budget used{ofList}",
                $"{Number(guards.GetProperty("posted_urls"))} of {Number(limit)}");
        if (guards.TryGetProperty("canary_inputs", out var inputs))
            table.AddTextRow(
                $"canary{ofList}",
                $"{Number(guards.GetProperty("canary_records"))} of {Number(inputs)}, "
                    + $"{Number(guards.GetProperty("canary_needed"))} needed");
    }

    private static string Number(JsonElement number) => ManifestCounts.Number(number.GetInt64());

    private static void Row(Table table, string name, long count) =>
        table.AddTextRow(name, ManifestCounts.Number(count));
}
