using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Failures;
using Pipeline.Cli.Settings;
using Pipeline.Ports;
using Pipeline.Reports;
using Spectre.Console;

namespace Pipeline.Cli.Run;

/// <summary>The end of a run: outcomes by kind, an example of each failure, the files, the next command.</summary>
internal sealed class Summary(IAnsiConsole console, RunSettings settings, IServiceProvider services)
{
    // Rows of submissions with failures; an example that comes later is left out.
    private const int MaxFailuresRead = 20_000;

    private static readonly string[] Totals = ["inputs", "records", "failures", "duplicates"];

    /// <summary>Writes it from the manifest; returns the exit code.</summary>
    /// <param name="listIds">The lists of the run.</param>
    /// <param name="perSecond">Outcomes a second.</param>
    /// <param name="took">Time since the lists were accepted.</param>
    /// <param name="cancellationToken">Stops the reading of examples.</param>
    public async Task<int> WriteAsync(
        IReadOnlyList<string> listIds, double perSecond, TimeSpan took, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(Path.Combine(settings.Out, "manifest.json"));
        using var manifest = await JsonDocument.ParseAsync(file, cancellationToken: cancellationToken);
        var counts = new ManifestCounts(manifest.RootElement, listIds);
        var failures = counts.Sum("failures");
        var exitCode = failures == 0 ? ExitCodes.Complete : ExitCodes.SomeFailed;
        if (settings.Json)
            await Console.Out.WriteLineAsync(ToJson(counts, listIds, took, exitCode));
        console.Write(SummaryTable.Of(counts, perSecond, took));
        foreach (var example in await ExamplesAsync(counts, listIds, cancellationToken))
            console.WriteWhole(example);
        console.WriteWhole($"records    {Path.Combine(settings.Out, "records.ndjson")}");
        if (failures > 0)
            console.WriteWhole($"failures   {Path.Combine(settings.Out, "failures.ndjson")}");
        console.WriteWhole($"manifest   {Path.Combine(settings.Out, "manifest.json")}");
        console.WriteWhole($"next       {Next(failures)}");
        return exitCode;
    }

    private string Next(long failures) => failures > 0
        ? Shell.Command(settings, "failures")
        : $"pipeline verify {Shell.Quote(settings.Out)}";

    private string ToJson(ManifestCounts counts, IReadOnlyList<string> listIds, TimeSpan took, int exitCode)
    {
        List<(string, IEnumerable<KeyValuePair<string, long>>)> groups =
        [
            ("failures_by_reason", counts.Group("failures_by_reason")), ("learnt", counts.Group("learnt")),
            ("records_by_http_status", counts.Group("records_by_http_status")),
        ];
        var totals = Totals.Select(name => KeyValuePair.Create(name, counts.Sum(name)))
            .Append(KeyValuePair.Create("duration_ms", (long)took.TotalMilliseconds));
        if (counts.InSeries is { } series)
        {
            totals = totals.Append(KeyValuePair.Create("left_out", series.Sum("left_out")));
            groups.Add(("changes", series.Group("changes")));
        }
        return SummaryJson.Compose(settings, listIds, totals, groups, counts.Cost, exitCode);
    }

    /// <summary>Reads an example of each reason.</summary>
    private async Task<IEnumerable<string>> ExamplesAsync(
        ManifestCounts counts, IReadOnlyList<string> listIds, CancellationToken cancellationToken)
    {
        var reasons = counts.Group("failures_by_reason").Select(group => group.Key).ToList();
        var groups = new FailureGroups(settings, new([], [], []));
        var reader = new FailureReader(services.GetRequiredService<ILedger>());
        var read = 0;
        foreach (var id in listIds)
            await foreach (var failure in reader.ReadCurrentAsync(id, cancellationToken))
            {
                if (groups.Have(reasons) || read++ == MaxFailuresRead)
                    break;
                groups.Add(failure);
            }
        return groups.Examples();
    }
}

/// <summary>The counts of a run's lists in a manifest. The folder may hold those of other runs too.</summary>
internal sealed class ManifestCounts
{
    private ManifestCounts(IReadOnlyList<JsonElement> lists) => Lists = lists;

    /// <summary>Selects the lists of a run.</summary>
    public ManifestCounts(JsonElement manifest, IReadOnlyList<string> listIds)
    {
        IEnumerable<JsonElement> all = manifest.TryGetProperty("lists", out var several)
            ? several.EnumerateArray()
            : [manifest];
        Lists = [.. all.Where(m => listIds.Contains(m.GetProperty("list_id").GetString()!))];
    }

    /// <summary>The manifests of the lists.</summary>
    public IReadOnlyList<JsonElement> Lists { get; }

    /// <summary>The lists that are runs of a series; null without any.</summary>
    public ManifestCounts? InSeries =>
        Lists.Where(m => m.TryGetProperty("changes", out _)).ToList() is { Count: > 0 } runs ? new(runs) : null;

    /// <summary>The estimated cost; null without a price.</summary>
    public decimal? Cost => Lists.Where(m => m.TryGetProperty("estimated_cost", out _))
        .Select(m => m.GetProperty("estimated_cost").GetDecimal()).ToList() is { Count: > 0 } costs
        ? costs.Sum()
        : null;

    /// <summary>The sum of a number.</summary>
    public long Sum(string name) => Lists.Sum(m => m.GetProperty(name).GetInt64());

    /// <summary>The sums of a group of numbers.</summary>
    public IEnumerable<KeyValuePair<string, long>> Group(string name) =>
        Lists.Where(m => m.TryGetProperty(name, out _))
            .SelectMany(m => m.GetProperty(name).EnumerateObject())
            .GroupBy(p => p.Name, StringComparer.Ordinal)
            .Select(g => KeyValuePair.Create(g.Key, g.Sum(p => p.Value.GetInt64())));

    /// <summary>A number for people.</summary>
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
