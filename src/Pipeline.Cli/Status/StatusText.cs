using System.Globalization;
using System.Text.Json;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Reports;
using Pipeline.Urls;

namespace Pipeline.Cli.Status;

/// <summary>
/// The state of lists for people: a table with a row for each list, or, where a terminal is too narrow for it, a few
/// short lines for each.
/// </summary>
internal static class StatusText
{
    private static readonly string[] Header =
        ["LIST", "STATE", "INPUTS", "RECORDS", "FAILURES", "SUBMISSIONS", "WAITS FOR", "SOURCE", "MESSAGE"];

    /// <summary>Writes the reports.</summary>
    /// <param name="reports">The lists.</param>
    /// <param name="width">The width of the terminal; null where there is none.</param>
    /// <param name="arguments">The options that complete the commands in sentences.</param>
    public static IEnumerable<string> Of(IReadOnlyList<ListReport> reports, int? width, string arguments) =>
        Of(reports, width).Select(
            line => CommandsInText.Complete(UrlCredentials.HideAll(line), arguments));

    private static IEnumerable<string> Of(IReadOnlyList<ListReport> reports, int? width)
    {
        var table = Columns.Align([Header, .. reports.Select(ToRow)]).ToList();
        return width is { } columns && table.Exists(line => LiveLines.WidthOf(line) > columns)
            ? reports.SelectMany(ToBlock)
            : table.Concat(reports.SelectMany(Notes));
    }

    private static IEnumerable<string> ToBlock(ListReport report)
    {
        yield return $"{report.ListId}  {report.Word}";
        if (report.Source is { } source)
            yield return $"  {source}";
        yield return $"  {Number(report.Records + report.Failures)} of {Amount.Of(report.Inputs, "URL")} done: "
            + $"{Amount.Of(report.Records, "record")}, {Amount.Of(report.Failures, "failure")}";
        if (Submissions(report) is { Length: > 0 } submissions)
            yield return $"  submissions: {submissions}";
        if (Join(report.Waiting) is { Length: > 0 } waiting)
            yield return $"  waits for: {waiting}";
        if (report.Message is { } message)
            yield return $"  {message.ReplaceLineEndings(" ")}";
        foreach (var note in Notes(report))
            yield return $"  {note[(report.ListId.Length + 2)..]}";
    }

    private static IEnumerable<string> Notes(ListReport report)
    {
        if (report.Known is { } known)
            yield return $"{report.ListId}: {known}";
        foreach (var wait in report.Waits)
            yield return $"{report.ListId}: {wait.Describe()}";
    }

    private static string[] ToRow(ListReport report) =>
    [
        report.ListId, report.Word, Number(report.Inputs), Number(report.Records), Number(report.Failures),
        Submissions(report), Join(report.Waiting), report.Source ?? "", report.Message ?? "",
    ];

    private static string Submissions(ListReport report) => Join(report.Submissions.Where(s => s.Value > 0));

    private static string Join(IEnumerable<KeyValuePair<string, int>> counts) =>
        string.Join(
            ", ", counts.Select(c => $"{Number(c.Value)} {JsonNamingPolicy.SnakeCaseLower.ConvertName(c.Key)}"));

    private static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
