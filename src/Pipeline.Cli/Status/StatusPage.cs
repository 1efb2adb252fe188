using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Cli.Run;
using Pipeline.Collect;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Reports;
using Pipeline.Submit;

namespace Pipeline.Cli.Status;

/// <summary>
/// How far each list is, for a browser beside the run. It shows counts and names, never a token or a key.
/// </summary>
internal static class StatusPage
{
    // Each list is counted for each view of the page.
    private const int MaxLists = 100;

    /// <summary>The page's style sheet.</summary>
    public const string Style =
        """
        body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1f24}
        table{border-collapse:collapse;width:100%}
        th,td{text-align:right;padding:.4rem .6rem;border-bottom:1px solid #d8dee4}
        th:first-child,td:first-child{text-align:left}
        progress{width:100%}
        .pause{background:#fff3cd;padding:.6rem 1rem}
        """;

    private const string Head =
        $"""
        <!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">
        <title>Pipeline</title>
        <style>{Style}</style>
        </head><body><h1>Pipeline</h1>
        """;

    public static void MapStatus(this IEndpointRouteBuilder app) => app.MapGet("/", async (HttpContext context) =>
    {
        var services = context.RequestServices;
        var page = new StringBuilder(Head);
        if (services.GetRequiredService<IOptions<PipelineOptions>>().Value.Nimble.IsEmulator)
            page.Append(CultureInfo.InvariantCulture, $"<p class=\"pause\">{EmulatorNotice.Text}</p>");
        if (services.GetRequiredService<StoreHealth>().Problem is { } problem)
            page.Append(
                CultureInfo.InvariantCulture,
                $"<p class=\"pause\">The work waits. {WebUtility.HtmlEncode(problem)}</p>");
        if (services.GetRequiredService<SubmissionGate>().Current is { } pause)
            page.Append(
                CultureInfo.InvariantCulture,
                $"<p class=\"pause\">Submission is paused until {pause.Until:HH:mm:ss} UTC. "
                    + $"{WebUtility.HtmlEncode(pause.Reason)}</p>");
        if (services.GetRequiredService<BudgetGuard>() is { DayLimit: { } limit } budget)
        {
            var used = await budget.GetUsedAsync(
                services.GetRequiredService<TimeProvider>().GetUtcNow(), context.RequestAborted);
            page.Append(CultureInfo.InvariantCulture, $"<p>Posted today: {used:N0} of {Amount.Of(limit, "URL")}.</p>");
        }
        page.Append(
            "<table><tr><th>List</th><th>Inputs</th><th>Posted</th><th>Records</th><th>Failures</th><th></th></tr>");
        var reporter = services.GetRequiredService<StatusReporter>();
        var waits = new StringBuilder();
        var all = await reporter.GetOpenListsAsync(context.RequestAborted);
        foreach (var id in all.OpenLists.Take(MaxLists))
            if (await reporter.GetListAsync(id, context.RequestAborted) is { } report)
                Append(page, waits, report);
        foreach (var refused in all.RefusedLists.Take(MaxLists))
        {
            waits.Append(CultureInfo.InvariantCulture,
                $"<p class=\"pause\">{WebUtility.HtmlEncode(refused.Source ?? refused.ListId)} was refused. "
                    + $"{WebUtility.HtmlEncode(refused.Message)}</p>");
        }
        page.Append("</table>").Append(waits);
        if (services.GetRequiredService<PageTally>().Counts is { Count: > 0 } counts)
        {
            var statuses = string.Join(", ", counts.Select(count => $"{count.Value:N0} {count.Key}"));
            page.Append(
                CultureInfo.InvariantCulture, $"<p>Records by HTTP status since this process started: {statuses}.</p>");
        }

        page.Append("<p>Completed lists are in <code>manifest.json</code>.</p></body></html>");
        context.Response.ContentType = "text/html; charset=utf-8";
        await context.Response.WriteAsync(page.ToString(), context.RequestAborted);
    });

    private static void Append(StringBuilder page, StringBuilder waits, ListReport report)
    {
        var name = WebUtility.HtmlEncode(report.Source ?? report.ListId);
        page.Append(
            CultureInfo.InvariantCulture, $"<tr><td>{name}</td><td>{report.Inputs:N0}</td><td>{report.Posted:N0}</td>");
        page.Append(CultureInfo.InvariantCulture, $"<td>{report.Records:N0}</td><td>{report.Failures:N0}</td>");
        page.Append(CultureInfo.InvariantCulture,
            $"<td><progress max=\"{Math.Max(1, report.Inputs)}\" "
                + $"value=\"{report.Records + report.Failures}\"></progress></td></tr>");
        foreach (var wait in report.Waits)
            waits.Append(
                CultureInfo.InvariantCulture,
                $"<p class=\"pause\">{name}: {WebUtility.HtmlEncode(wait.Describe())}</p>");
    }
}
