using Pipeline.Intake.Reading;
using Pipeline.Intake.Reading.Csv;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Urls;

namespace Pipeline.Intake;

/// <summary>Warnings about an accepted list, in complete sentences.</summary>
internal static class ListWarnings
{
    /// <summary>Returns the warnings for a list that was read to its end.</summary>
    public static IEnumerable<string> Of(ListReader reader, ListSource source, ItemCounter tally)
    {
        if (reader.Fields.Dropped is { Count: > 0 } dropped)
            yield return DroppedFields(dropped);
        if (reader.Header is { Preamble: > 0 } header)
            yield return Preamble(header);
        if (reader.Header?.Header.Kept is { Count: > 0 } kept)
            yield return KeptColumns(kept);
        if (reader.Form == ListFormat.Text && tally.LikeRows * 2 > tally.Count)
            yield return Rows(tally.FirstRow);
        if (tally.FirstEscaped is { } first)
            yield return Escaped(tally.Escaped, first);
        if (source.UrlColumn is { } column && reader.Header is null)
        {
            yield return $"The URL column '{VisibleText.Of(column)}' is ignored because the list is not CSV.";
        }
    }

    private static string DroppedFields(IReadOnlyList<string> names) =>
        $"The list's {string.Join(", ", names)} {(names.Count == 1 ? "is" : "are")} ignored: the pipeline sets "
        + "delivery itself for every submission (Delivery:StorageUrl, Delivery:Compress, Delivery:CallbackBase).";

    private static string Preamble(CsvHeaderMatch header) =>
        Amount.Of(header.Preamble, "line above the header row was", "lines above the header row were")
        + $" skipped; the header is line {header.Line}.";

    private static string KeptColumns(IReadOnlySet<string> names)
    {
        var quoted = string.Join(", ", names.Order(StringComparer.Ordinal).Select(name => $"'{VisibleText.Of(name)}'"));
        return names.Count == 1
            ? $"{quoted} is not an extraction field: it stays in the 'input' of each record and is not sent to Nimble."
            : $"{quoted} are not extraction fields: they stay in the 'input' of each record and are not sent to "
                + "Nimble.";
    }

    // Worth a warning because a site answers such a URL with a different page, which costs money.
    private static string Escaped(long count, string first) =>
        Amount.Of(count, "URL has", "URLs have")
        + $" '&amp;', which stands for '&' in XML and HTML, such as '{VisibleText.Of(UrlCredentials.Hide(first))}'. "
        + (count == 1 ? "It is" : "They are") + " posted as written. If that is wrong, submit a corrected list: "
        + @"sed 's/&amp;/\&/g' LIST > urls.txt";

    // Worth a warning because each line is posted, and billed, as one URL.
    private static string Rows(in ListItem first) =>
        $"Most lines look like rows of a CSV list without its header, such as line {first.Line}: "
        + $"'{VisibleText.Of(UrlCredentials.Hide(first.Url!))}'. Each whole line is used as one URL. "
        + "If that is wrong, put the column names in the first line: url,country,...";
}
