using System.Globalization;
using System.Text.Json;
using Pipeline.Cli.Settings;
using Spectre.Console;

namespace Pipeline.Cli.Run;

/// <summary>The closing table: outcomes by kind, and the files that hold them.</summary>
internal static class Summary
{
    private static readonly string[] Totals = ["inputs", "records", "failures", "duplicates"];
    private static readonly string[] Groups = ["failures_by_reason", "learnt"];

    /// <summary>Writes the table from the manifest; returns the exit code.</summary>
    public static async Task<int> WriteAsync(
        IAnsiConsole console, RunSettings settings, IReadOnlyList<string> listIds, double perSecond,
        CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(Path.Combine(settings.Out, "manifest.json"));
        using var manifest = await JsonDocument.ParseAsync(file, cancellationToken: cancellationToken);
        var own = Own(manifest.RootElement, listIds);
        var failures = Sum(own, "failures");

        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("").AddColumn(new TableColumn("").RightAligned()).HideHeaders();
        Row(table, "inputs", Sum(own, "inputs"));
        Row(table, "records", Sum(own, "records"));
        foreach (var (status, count) in Statuses(own))
            Row(table, $"  HTTP {status}", count);
        Row(table, "failures", failures);
        foreach (var (reason, count) in Group(own, "failures_by_reason"))
            Row(table, $"  {reason}", count);
        if (Sum(own, "duplicates") is > 0 and var duplicates)
            Row(table, "duplicates dropped", duplicates);
        IReadOnlyList<JsonElement> runs = [.. own.Where(m => m.TryGetProperty("changes", out _))];
        AddSeries(table, runs);
        foreach (var (how, count) in Group(own, "learnt").Where(g => g.Key != "none"))
            Row(table, $"found by {how}", count);
        foreach (var list in own)
            if (list.TryGetProperty("guards", out var guards))
                AddGuards(table, guards, own.Count == 1 ? "" : $" of {Name(list)}");
        if (own.Where(m => m.TryGetProperty("estimated_cost",
            out _)).Select(m => m.GetProperty("estimated_cost").GetDecimal()).ToList() is { Count: > 0 } costs)
            table.AddTextRow("estimated cost", costs.Sum().ToString("N2", CultureInfo.InvariantCulture));
        if (perSecond > 0)
            table.AddTextRow("throughput", string.Create(CultureInfo.InvariantCulture, $"{perSecond:N1} URLs/s"));
        var exitCode = failures == 0 ? ExitCodes.Complete : ExitCodes.SomeFailed;
        if (settings.Json)
            await Console.Out.WriteLineAsync(SummaryJson.Compose(
                settings,
                listIds,
                Totals.Select(name => KeyValuePair.Create(name, Sum(own, name)))
                    .Concat(runs.Count == 0 ? [] : [KeyValuePair.Create("left_out", Sum(runs, "left_out"))]),
                Groups.Select(name => (name, Group(own, name)))
                    .Concat(runs.Count == 0 ? [] : [("changes", Group(runs, "changes"))]),
                exitCode));
        console.Write(table);
        console.WriteWhole($"records    {Path.Combine(settings.Out, "records.ndjson")}");
        if (failures > 0)
            console.WriteWhole($"failures   {Path.Combine(settings.Out, "failures.ndjson")}");
        console.WriteWhole($"manifest   {Path.Combine(settings.Out, "manifest.json")}");
        return exitCode;
    }

    private static void AddSeries(Table table, IReadOnlyList<JsonElement> runs)
    {
        if (runs.Count == 0)
            return;
        if (Sum(runs, "left_out") is > 0 and var leftOut)
            Row(table, "left out, already in series", leftOut);
        foreach (var (change, count) in Group(runs, "changes"))
            Row(table, $"series: {change}", count);
    }

    /// <summary>Selects the manifests of this run's lists; the folder may hold those of other runs.</summary>
    private static IReadOnlyList<JsonElement> Own(JsonElement manifest, IReadOnlyList<string> listIds)
    {
        IEnumerable<JsonElement> all = manifest.TryGetProperty("lists", out var several)
            ? several.EnumerateArray()
            : [manifest];
        return [.. all.Where(m => listIds.Contains(m.GetProperty("list_id").GetString()!))];
    }

    /// <summary>Counts records by the HTTP status of their page; returns nothing if all are 200.</summary>
    private static IEnumerable<KeyValuePair<string, long>> Statuses(IReadOnlyList<JsonElement> own)
    {
        var statuses = Group(
            [.. own.Where(m => m.TryGetProperty("records_by_http_status", out _))], "records_by_http_status").ToList();
        return statuses is [{ Key: "200" }] ? [] : statuses;
    }

    private static string Name(JsonElement list) =>
        list.TryGetProperty("source", out var source) ? source.GetString()! : list.GetProperty("list_id").GetString()!;

    private static void AddGuards(Table table, JsonElement guards, string ofList)
    {
        if (guards.TryGetProperty("budget_urls", out var limit))
            table.AddTextRow(
                $"budget used{ofList}",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{guards.GetProperty("posted_urls").GetInt64():N0} of {limit.GetInt64():N0}"));
        if (guards.TryGetProperty("canary_inputs", out var inputs))
            table.AddTextRow(
                $"canary{ofList}",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{guards.GetProperty("canary_records").GetInt32():N0} of {inputs.GetInt32():N0}, "
                        + $"{guards.GetProperty("canary_needed").GetInt32():N0} needed"));
    }

    private static void Row(Table table, string name, long count) =>
        table.AddTextRow(name, count.ToString("N0", CultureInfo.InvariantCulture));

    private static long Sum(IReadOnlyList<JsonElement> manifests, string name) =>
        manifests.Sum(m => m.GetProperty(name).GetInt64());

    private static IEnumerable<KeyValuePair<string, long>> Group(IReadOnlyList<JsonElement> manifests, string name) =>
        manifests
        .SelectMany(m => m.GetProperty(name).EnumerateObject())
        .GroupBy(p => p.Name, StringComparer.Ordinal)
        .Select(g => KeyValuePair.Create(g.Key, g.Sum(p => p.Value.GetInt64())));
}
