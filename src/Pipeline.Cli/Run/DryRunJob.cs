using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Lists;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Intake;
using Pipeline.Intake.Reading;
using Pipeline.Intake.Sending;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Cli.Run;

/// <summary><c>pipeline run --dry-run</c>: says what a run would do and cost. Posts and writes nothing.</summary>
internal sealed class DryRunJob(RunSettings settings, TextWriter progress)
{
    private readonly decimal? _price = settings.Bind().Nimble.PricePerUrl;

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var lists = new ListFiles(settings, Terminal.On(progress));
        await lists.InspectAsync(cancellationToken);
        await using var stores = settings.WorkStore.Exists
            ? await StoreAccess.OpenAsync(settings, cancellationToken)
            : null;
        var runs = new List<PlannedRun>();
        foreach (var (list, inspection) in lists.Inspected)
            runs.Add(await PlanAsync(list, inspection, stores?.Services, cancellationToken));
        if (settings.Json)
            await Console.Out.WriteLineAsync(ToJson(runs));
        else
            foreach (var line in runs.SelectMany(Describe).Append("Nothing was posted, and nothing was written."))
                await Console.Out.WriteProseAsync(line, indent: 2);
        return ExitCodes.Complete;
    }

    private async Task<PlannedRun> PlanAsync(
        NamedList named, ListInspection list, IServiceProvider? services, CancellationToken cancellationToken)
    {
        var source = new ListSource(_ => ValueTask.FromResult(named.Open()), named.Name)
        {
            UrlColumn = settings.UrlColumn,
        };
        var ledger = services?.GetRequiredService<ILedger>();
        if (settings.Again && ledger is not null)
            list = list with
            {
                ListId = new StartedRun(settings.State, list.ListId).Read()
                    ?? await new NextRun(ledger).FindAsync(list.ListId, list.ContentHash, cancellationToken),
            };
        var known = ledger is null ? null : await ledger.GetListAsync(list.ListId, cancellationToken);
        var forecast = await ListForecast.MakeAsync(
            source, list, ledger, settings.Bind(), TimeProvider.System.GetUtcNow(), cancellationToken);
        var posted = known is null
            ? 0
            : (await services!.GetRequiredService<ILedgerCounts>().CountAsync([list.ListId], cancellationToken)).Posted;
        return new(named.Name, list, forecast, known?.State, known?.ClosedAt, posted);
    }

    private IEnumerable<string> Describe(PlannedRun run)
    {
        var (list, forecast) = (run.List, run.Forecast);
        yield return $"{run.Name}, list {list.ListId}: {Amount.Of(run.ToPost, "URL")} to post"
            + (run.ToPost > 0 && run.Posted == 0 ? $" in {Amount.Of(forecast.Batches, "batch", "batches")}" : "")
            + $" of {Amount.Of(list.Inputs, list.Unit)}";
        if (run.State == ListState.Closed)
            yield return $"  complete: {CompletedNotice.Of(settings, run.Name, list.Series, run.ClosedAt)}";
        else if (run.State is ListState.Open or ListState.Planning)
            yield return $"  under way: {Amount.Of(run.Posted, "URL was", "URLs were")} posted before; a run goes on.";
        foreach (var (what, count) in forecast.Rest.Where(rest => rest.Count > 0))
            yield return $"  {ManifestCounts.Number(count)} {what}";
        if (list.Series is { } series)
            yield return $"  {ManifestCounts.Number(forecast.Known)} already in series '{series.Name}'"
                + (forecast.Known > 0 && forecast.LeftOut == 0 ? "; --only-new leaves them out" : "");
        foreach (var bad in list.FirstBad)
            yield return $"  {list.Unit} {bad.Line}: {bad.Problem}";
        yield return _price is { } price
            ? $"  estimated cost {SummaryTable.Money(price * run.ToPost)}, without retries, at {price} per URL"
            : $"  estimated cost unknown; {RunOptions.Price.Name} names the price of one URL";
    }

    private string ToJson(IReadOnlyList<PlannedRun> runs)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new() { Encoder = MinimalJsonEncoder.Instance }))
        {
            json.WriteStartObject();
            json.WriteBoolean("dry_run", true);
            json.WriteStartArray("lists");
            foreach (var run in runs)
                Write(json, run);
            json.WriteEndArray();
            json.WriteNumber("to_post", runs.Sum(run => run.ToPost));
            if (_price is { } price)
                json.WriteNumber("estimated_cost", price * runs.Sum(run => run.ToPost));
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Write(Utf8JsonWriter json, PlannedRun run)
    {
        json.WriteStartObject();
        json.WriteString("list_id", run.List.ListId);
        json.WriteString("source", run.Name);
        json.WriteString("state", run.State?.ToString().ToLowerInvariant() ?? "new");
        json.WriteNumber("inputs", run.List.Inputs);
        json.WriteNumber("to_post", run.ToPost);
        json.WriteNumber("posted_before", run.Posted);
        json.WriteNumber("bad", run.Forecast.Bad);
        json.WriteNumber("refused", run.Forecast.Refused);
        json.WriteNumber("duplicates", run.Forecast.Duplicates);
        json.WriteNumber("over_budget", run.Forecast.OverBudget);
        if (run.List.Series is { } series)
        {
            json.WriteString("series", series.Name);
            json.WriteNumber("known", run.Forecast.Known);
            json.WriteNumber("left_out", run.Forecast.LeftOut);
        }
        json.WriteEndObject();
    }

    /// <summary>What a run would do with a list.</summary>
    /// <param name="Name">The list's name.</param>
    /// <param name="List">Its inspection.</param>
    /// <param name="Forecast">What would become of its inputs.</param>
    /// <param name="State">The state of the list that is known under its id; null for a new one.</param>
    /// <param name="ClosedAt">When that one was closed.</param>
    /// <param name="Posted">Number of its inputs that were posted before.</param>
    private sealed record PlannedRun(
        string Name, ListInspection List, ListForecast Forecast, ListState? State, DateTimeOffset? ClosedAt,
        long Posted)
    {
        /// <summary>Number of inputs that are still to be posted.</summary>
        public long ToPost => State == ListState.Closed ? 0 : Math.Max(0, Forecast.Posted - Posted);
    }
}
