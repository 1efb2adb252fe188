using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Notify;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Reports;

namespace Pipeline.Cli.Status;

/// <summary><c>pipeline status</c>: shows how far lists are.</summary>
internal static class StatusCommand
{
    private const int MaxNamed = 5;

    private static readonly string[] Header =
        ["LIST", "STATE", "INPUTS", "RECORDS", "FAILURES", "SUBMISSIONS", "WAITS FOR", "SOURCE", "MESSAGE"];

    private static readonly Argument<string?> ListId = new Argument<string?>("LIST_ID")
    {
        Description = "Id of a list. Default: all lists that are not closed, and those refused in the last seven days.",
        Arity = ArgumentArity.ZeroOrOne,
    }.RefusingOptions();

    private static readonly Option<bool> Json = new("--json")
    {
        Description = "Print JSON: one object for LIST_ID, else an array.",
    };

    public static Command Create()
    {
        var command = new Command(
            "status", "Show how far lists are, in the storage account that AzureWebJobsStorage names, else in --state.")
        {
            ListId, RunOptions.OutOfRun, RunOptions.StateOfRun, Json,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                ReportAsync(
                    SettingsReader.Read(parsed), parsed.GetValue(ListId), parsed.GetValue(Json), cancellationToken));
        return command;
    }

    private static async Task<int> ReportAsync(
        RunSettings settings, string? listId, bool asJson, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        var reporter = stores.Services.GetRequiredService<StatusReporter>();
        var problem = settings.WorkStore.FindProblem();
        if (problem is not null)
            await Console.Error.WriteLineAsync(problem);
        if (listId is not null)
        {
            var report = await reporter.GetListAsync(listId, cancellationToken)
                ?? throw PipelineException.Permanent(
                    FailureReasons.InvalidInput,
                    $"No list {listId} is known in {settings.WorkStore.Name}. "
                        + $"'{Shell.Command(settings, "submit LIST")}' prints the ids "
                        + "of lists. A list that was put on the queue by hand is known once it was read.");
            report = report with { Problem = problem };
            await WriteAsync([report], asJson ? JsonSerializer.Serialize(report, StatusJson.Default.ListReport) : null);
            return ExitCodes.Complete;
        }
        foreach (var line in await UndeliveredNote.ReadAsync(stores.Services, settings, cancellationToken))
            await Console.Error.WriteLineAsync(line);
        var reports = new List<ListReport>();
        var all = await reporter.GetOpenListsAsync(cancellationToken);
        foreach (var id in all.OpenLists.Concat(all.RefusedLists.Select(list => list.ListId)))
            if (await reporter.GetListAsync(id, cancellationToken) is { } report)
                reports.Add(report with { Problem = problem });
        if (reports.Count == 0 && !asJson)
            await Console.Out.WriteProseAsync(await DescribeNoneAsync(stores.Services, settings, cancellationToken));
        else
            await WriteAsync(
                reports, asJson ? JsonSerializer.Serialize(reports, StatusJson.Default.ListListReport) : null);
        return ExitCodes.Complete;
    }

    /// <summary>Names lists that are closed, because somebody who asks has usually just finished one.</summary>
    private static async Task<string> DescribeNoneAsync(
        IServiceProvider services, RunSettings settings, CancellationToken cancellationToken)
    {
        var closed = await services.GetRequiredService<ILedger>().GetListIdsAsync(cancellationToken)
            .Take(MaxNamed + 1).ToListAsync(cancellationToken);
        return closed.Count == 0
            ? "No list is open, and none was submitted here before."
            : $"No list is open. Closed: {string.Join(", ", closed.Take(MaxNamed))}"
                + $"{(closed.Count > MaxNamed ? " and more" : "")}. "
                + $"'{Shell.Command(settings, $"status {closed[0]}")}' shows the first.";
    }

    private static async Task WriteAsync(IReadOnlyList<ListReport> reports, string? json)
    {
        if (json is not null)
            await Console.Out.WriteLineAsync(json);
        else
            await WriteLinesAsync(reports);
    }

    private static async Task WriteLinesAsync(IReadOnlyList<ListReport> reports)
    {
        foreach (var line in Columns.Align([Header, .. reports.Select(ToRow)]))
            await Console.Out.WriteLineAsync(line);
        foreach (var report in reports)
        {
            if (report.Known is { } known)
                await Console.Out.WriteLineAsync($"{report.ListId}: {known}");
            foreach (var wait in report.Waits)
                await Console.Out.WriteLineAsync($"{report.ListId}: {wait.Describe()}");
        }
    }

    private static string[] ToRow(ListReport report) =>
    [
        report.ListId, report.Word, Number(report.Inputs), Number(report.Records),
            Number(report.Failures),
        Join(report.Submissions.Where(s => s.Value > 0)), Join(report.Waiting), report.Source
            ?? "", report.Message
            ?? "",
    ];

    private static string Join(IEnumerable<KeyValuePair<string, int>> counts) =>
        string.Join(
            ", ", counts.Select(c => $"{Number(c.Value)} {JsonNamingPolicy.SnakeCaseLower.ConvertName(c.Key)}"));

    private static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
