using Pipeline.Model;
using Pipeline.Notation;

namespace Pipeline.Export.Tables;

/// <summary>
/// A table of an export. It always has the same columns, whether the data has values for them or not, so that files of
/// different lists fit together.
/// </summary>
/// <param name="Name">Its name: <c>records</c> or <c>failures</c>.</param>
/// <param name="Schema">The schema of the JSON objects that its rows are read from.</param>
/// <param name="Columns">Its columns, in order.</param>
internal sealed record Table(string Name, string Schema, IReadOnlyList<Column> Columns)
{
    /// <summary>One row for each record.</summary>
    public static readonly Table Records = new(
        "records",
        "pipeline.record/1",
        [
            Column.Of("id"),
            Column.Of("list_id"),
            Column.Of("series"),
            Column.Of("submission_id"),
            Column.Of("batch_id"),
            Column.Of("task_id"),
            Column.Of("url"),
            Column.Of("result_url"),
            Column.Of("line", ColumnKind.Number),
            Column.Of("status"),
            Column.Of("http_status", ColumnKind.Number),
            Column.Of("country"),
            Column.Of("locale"),
            Column.Of("driver"),
            Column.Of("duration_ms", ColumnKind.Number),
            Column.Of("requested_at", ColumnKind.Time),
            Column.Of("collected_at", ColumnKind.Time),
            Column.OfContent("html"),
            Column.OfContent("markdown"),
            Column.OfContent("text"),
            Column.OfContent("screenshot"),
            Column.OfContent("screenshots", ColumnKind.Json),
            Column.OfContent("pages_html", ColumnKind.Json),
            Column.OfContent("network_capture", ColumnKind.Json),
            Column.Of("parsed", ColumnKind.Json),
            Column.Of("links", ColumnKind.Json),
            Column.Of("redirects", ColumnKind.Json),
            Column.Of("content_digest"),
            Column.Of("content_bytes", ColumnKind.Number),
            Column.Of("text_digest"),
            Column.Of("change"),
            Column.Of("previous_digest"),
            new("source_uri", ColumnKind.Text, "source.uri"),
            new("source_etag", ColumnKind.Text, "source.etag"),
            new("source_bytes", ColumnKind.Number, "source.bytes"),
            new("source_compressed", ColumnKind.Boolean, "source.compressed"),
            Column.Of("omitted", ColumnKind.Json),
            Column.Of("input", ColumnKind.Json),
            Column.Of("tag"),
            Column.Of("extra", ColumnKind.Json),
        ]);

    /// <summary>One row for each failure.</summary>
    public static readonly Table Failures = new(
        "failures",
        "pipeline.failure/1",
        [
            Column.Of("id"),
            Column.Of("list_id"),
            Column.Of("submission_id"),
            Column.Of("batch_id"),
            Column.Of("task_id"),
            Column.Of("url"),
            Column.Of("line", ColumnKind.Number),
            Column.Of("stage"),
            Column.Of("reason"),
            Column.Of("message"),
            Column.Of("attempts", ColumnKind.Number),
            Column.Of("last_attempt_at", ColumnKind.Time),
            Column.Of("retryable", ColumnKind.Boolean),
            Column.Of("input", ColumnKind.Json),
            Column.Of("input_text"),
        ]);

    /// <summary>Returns the table with some of its columns, in the order of the names.</summary>
    /// <exception cref="PipelineException">Permanent: there is no column of a name, or one is named twice.</exception>
    public Table Select(IReadOnlyList<string> names)
    {
        if (names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw Wrong($"--columns names {DisplayText.Quote(twice.Key)} twice.");
        return this with { Columns = [.. names.Select(Find)] };
    }

    private Column Find(string name)
    {
        if (Columns.FirstOrDefault(column => column.Name == name) is { } column)
            return column;
        var all = Columns.Select(known => known.Name).ToList();
        var nearest = Nearest.Of(name, all);
        throw Wrong(
            $"There is no column {DisplayText.Quote(name)}. "
                + (nearest is null ? $"Write some of {string.Join(",", all)}." : $"Did you mean {nearest}?"));
    }

    private static PipelineException Wrong(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}
