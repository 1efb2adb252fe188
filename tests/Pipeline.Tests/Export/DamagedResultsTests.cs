using System.Text;
using Pipeline.Export.Reading;
using Pipeline.Export.Rows;
using Pipeline.Export.Tables;
using Pipeline.Export.Targets;
using Pipeline.Model;

namespace Pipeline.Tests.Export;

public sealed class DamagedResultsTests : IDisposable
{
    private static readonly FileStyle Parquet = new(ExportFormat.Parquet);

    private readonly SomeResults _results = new();

    public void Dispose() => _results.Dispose();

    [Theory]
    [InlineData("{\"schema\":\"pipeline.record/1\",\"id\":\"b", "not a complete JSON object")]
    [InlineData("{\"schema\":\"pipeline.record/1\"}}", "data after its end")]
    [InlineData("{\"schema\":\"pipeline.record/1\",}", "unexpected byte 0x7D")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("", "not a complete JSON object")]
    [InlineData("{\"id\":\"b\"}", "'schema' is not pipeline.record/1")]
    [InlineData("{\"schema\":\"pipeline.failure/1\"}", "'schema' is not pipeline.record/1")]
    [InlineData("{\"schema\":\"pipeline.record/1\",\"http_status\":\"ok\"}", "'http_status' is not a whole number")]
    [InlineData("{\"schema\":\"pipeline.record/1\",\"http_status\":1e300}", "'http_status' is not a whole number")]
    [InlineData("{\"schema\":\"pipeline.record/1\",\"collected_at\":\"today\"}", "'collected_at' is not a time")]
    [InlineData("{\"schema\":\"pipeline.record/1\",\"source\":{\"compressed\":1}}", "'source.compressed' is no")]
    public async Task ADamagedLineIsNamedAndTheEarlierExportStays(string line, string problem)
    {
        File.WriteAllText(_results["r.parquet"], "earlier");
        _results.WithRecords(SomeResults.Record("a"), line, SomeResults.Record("c"));

        var error = await Assert.ThrowsAsync<PipelineException>(() => _results.ExportAsync("r.parquet", Parquet));

        Assert.StartsWith(
            $"Line 2 of '{Path.Combine(_results.Folder, "records.ndjson")}' is damaged: it", error.Message);
        Assert.Contains(problem, error.Message);
        Assert.Equal("earlier", File.ReadAllText(_results["r.parquet"]));
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(_results.Folder)!).Count());
    }

    [Fact]
    public async Task BytesThatAreNotUtf8AreDamage()
    {
        _results.WithRecords();
        var line = Encoding.Latin1.GetBytes(SomeResults.Record("a", "\"tag\":\"Grüße\"") + "\n");
        File.WriteAllBytes(Path.Combine(_results.Folder, "records.ndjson"), line);

        var error = await Assert.ThrowsAsync<PipelineException>(() => _results.ExportAsync("r.parquet", Parquet));

        Assert.Contains("bytes that are not UTF-8", error.Message);
    }

    /// <summary>A killed run may leave the beginning of a line, which its state does not count.</summary>
    [Fact]
    public async Task TheBeginningOfALineAtTheEndIsNoLineYet()
    {
        _results.WithRecords(SomeResults.Record("a"));
        File.AppendAllText(Path.Combine(_results.Folder, "records.ndjson"), SomeResults.Record("b")[..100]);

        var path = await _results.ExportAsync("r.parquet", Parquet);

        Assert.Equal("a", Duck.Value($"SELECT string_agg(id) FROM '{path}'"));
    }

    /// <summary>The failure's line stays in the file until the list closes.</summary>
    [Fact]
    public async Task AFailureThatARecordHasReplacedIsNotExported()
    {
        _results.WithRecords(SomeResults.Record("a"))
            .WithFailures(SomeResults.Failure("a"), SomeResults.Failure("b"));

        await _results.ExportAsync("r.parquet", Parquet);

        Assert.Equal("b", Duck.Value($"SELECT string_agg(id) FROM '{_results["r.failures.parquet"]}'"));
    }

    [Fact]
    public async Task OnlyTheNamedListsAreExported()
    {
        _results
            .WithRecords(
                SomeResults.Record("a", list: "one"), SomeResults.Record("b", list: "two"),
                SomeResults.Record("c", list: "one"))
            .WithFailures(SomeResults.Failure("f", "two"), SomeResults.Failure("g", "one"));

        var path = await _results.ExportAsync("r.parquet", Parquet, lists: ["one"]);

        Assert.Equal("a,c", Duck.Value($"SELECT string_agg(id ORDER BY id) FROM '{path}'"));
        Assert.Equal("g", Duck.Value($"SELECT string_agg(id) FROM '{_results["r.failures.parquet"]}'"));
    }

    /// <summary>A row takes as many long texts as fit; short texts after them stay.</summary>
    [Fact]
    public async Task TheTextsOfARowTogetherAreLimitedToo()
    {
        const int Length = 100_000;
        var text = new string('x', Length);
        var record = SomeResults.Record(
            "a",
            $$"""  "content":{"html":"{{text}}","markdown":"{{text}}","text":"{{text}}","screenshot":"y"}""");
        using var scanner = new RowScanner(Table.Records, withContent: true) { MaxText = Length };
        using var batch = new RowBatch(Table.Records);
        using var lines = new RowFile(new MemoryStream(Encoding.UTF8.GetBytes(record + "\n")), "file");

        Assert.True(await lines.ReadAsync(scanner, batch, TestContext.Current.CancellationToken));

        Assert.Equal(
            ["id", "html", "screenshot", "content_digest", "omitted"],
            batch.Columns.Where(values => values.Present[0]).Select(values => values.Column.Name)
                .Intersect(["id", "html", "markdown", "text", "screenshot", "content_digest", "omitted"]));
        Assert.Equal(2, scanner.LeftOut);
    }

    /// <summary>One document must not use all memory.</summary>
    [Fact]
    public async Task ATextThatIsTooLongIsLeftOutAndNamed()
    {
        var record = SomeResults.Record(
            "a", $$"""  "content":{"html":"{{new string('x', 5000)}}","text":"short"},"omitted":["links"]""");
        using var scanner = new RowScanner(Table.Records, withContent: true) { MaxText = 4000 };
        using var batch = new RowBatch(Table.Records);
        using var lines = new RowFile(new MemoryStream(Encoding.UTF8.GetBytes(record + "\n")), "file");

        Assert.True(await lines.ReadAsync(scanner, batch, TestContext.Current.CancellationToken));

        Assert.Equal(1, scanner.LeftOut);
        Assert.Null(Text("html"));
        Assert.Equal("short", Text("text"));
        Assert.Equal("""["links","html"]""", Text("omitted"));

        string? Text(string name)
        {
            var column = batch.Columns.Single(values => values.Column.Name == name);
            return column.Present[0] ? Encoding.UTF8.GetString(column.Texts[0].Span) : null;
        }
    }
}
