using System.Globalization;
using Pipeline.Export.Rows;
using Pipeline.Export.Tables;
using Pipeline.Export.Targets;
using Pipeline.Export.Writing;

namespace Pipeline.Tests.Export;

/// <summary>What DuckDB reads from exported Parquet files.</summary>
public sealed class ParquetExportTests : IDisposable
{
    private static readonly FileStyle Parquet = new(ExportFormat.Parquet);

    private readonly SomeResults _results = new();

    public void Dispose() => _results.Dispose();

    [Fact]
    public async Task EveryColumnHasItsTypeWhetherTheDataHasItOrNot()
    {
        var path = await _results.WithRecords(SomeResults.Record("a")).ExportAsync("r.parquet", Parquet);

        var types = Duck.Query($"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{path}')")
            .Select(row => ((string)row[0]!, (string)row[1]!));

        Assert.Equal(Table.Records.Columns.Select(column => (column.Name, column.Kind switch
        {
            ColumnKind.Number => "BIGINT",
            ColumnKind.Boolean => "BOOLEAN",
            ColumnKind.Time => "TIMESTAMP WITH TIME ZONE",
            _ => "VARCHAR",
        })), types);
    }

    [Fact]
    public async Task ValuesAreThoseOfTheRecord()
    {
        var more = """  "requested_at":"2026-03-19T10:00:01+02:00","content":{"html":"<p>Gr\u00fc\u00dfe</p>\n","""
            + """  "screenshots":[{"a":1}]},"parsed":{"price":1.10, "x":[]}""";
        var path = await _results.WithRecords(SomeResults.Record("a", more)).ExportAsync("r.parquet", Parquet);

        var row = Assert.Single(Duck.Query(
            "SELECT html, screenshots, parsed, http_status, source_bytes, source_compressed, input, batch_id, "
                + $"epoch_us(collected_at), epoch_us(requested_at) FROM '{path}'"));

        Assert.Equal(
            [
                "<p>Grüße</p>\n", """[{"a":1}]""", """{"price":1.10,"x":[]}""", 200L, 9120L, true,
                """{"url":"https://example.com/"}""", null, Micros("2026-03-19T10:00:04.123Z"),
                Micros("2026-03-19T08:00:01Z"),
            ],
            row);
    }

    [Fact]
    public async Task FailuresAreAFileBesideIt()
    {
        await _results.WithRecords().WithFailures(SomeResults.Failure("f")).ExportAsync("r.parquet", Parquet);

        var row = Assert.Single(Duck.Query(
            $"SELECT id, reason, attempts, retryable, input FROM '{_results["r.failures.parquet"]}'"));

        Assert.Equal(["f", "task_failed", 3L, true, """{"url":"https://example.com/x"}"""], row);
        Assert.Equal(0L, Duck.Value($"SELECT count(html) FROM '{_results["r.parquet"]}'"));
    }

    [Theory]
    [InlineData("1969-12-31T23:59:59.9999999Z", -1L)]
    [InlineData("1960-02-03T05:05:06.1234567+01:00", -312753293876544L)]
    [InlineData("2026-03-19T10:00:04.1234569Z", 1773914404123456L)]
    public async Task TimesAreCutToMicrosecondsAlsoBefore1970(string time, long microseconds)
    {
        var path = await _results.WithRecords(SomeResults.Record("a", $"  \"requested_at\":\"{time}\""))
            .ExportAsync("r.parquet", Parquet);

        Assert.Equal(microseconds, Duck.Value($"SELECT epoch_us(requested_at) FROM '{path}'"));
    }

    [Fact]
    public async Task NulAndLoneSurrogatesAreReadByOthers()
    {
        var more = """  "content":{"text":"a\u0000b \ud83d c 😀"},"tag":"x\udc00" """.TrimEnd();
        var path = await _results.WithRecords(SomeResults.Record("a", more)).ExportAsync("r.parquet", Parquet);

        Assert.Equal("a\0b \uFFFD c 😀", Duck.Value($"SELECT text FROM '{path}'"));
        Assert.Equal("x\uFFFD", Duck.Value($"SELECT tag FROM '{path}'"));
    }

    [Theory]
    [InlineData(ParquetCompression.Snappy)]
    [InlineData(ParquetCompression.Zstd)]
    internal async Task ManyRowsAreManyRowGroupsAndNoneIsLost(ParquetCompression compression)
    {
        const int Count = 300;
        var text = new string('x', (int)(RowBatch.FullBytes / 100));
        var path = await _results
            .WithRecords(Enumerable.Range(0, Count).Select(
                n => SomeResults.Record($"{n}", n % 3 == 0 ? "" : $$"""  "content":{"html":"{{n}} {{text}}"}""")))
            .ExportAsync("r.parquet", Parquet with { Compression = compression });

        Assert.Equal(
            [(long)Count, 200L, $"{compression}".ToUpperInvariant()],
            Assert.Single(Duck.Query(
                $"SELECT count(*), count(html), (SELECT any_value(compression) FROM parquet_metadata('{path}')) "
                    + $"FROM '{path}' WHERE html IS NULL OR html = id || ' {text}'")));
        Assert.InRange((long)Duck.Value($"SELECT num_row_groups FROM parquet_file_metadata('{path}')")!, 2, 4);
    }

    /// <summary>A column's smallest and largest text would be whole pages in the footer.</summary>
    [Fact]
    public async Task TheFooterHoldsNoContent()
    {
        var page = new string('p', 1 << 20);
        var path = await _results
            .WithRecords(SomeResults.Record("a", $$"""  "content":{"html":"{{page}}"}"""))
            .ExportAsync("r.parquet", Parquet);

        Assert.InRange((long)(ulong)Duck.Value($"SELECT footer_size FROM parquet_file_metadata('{path}')")!, 1, 20_000);
    }

    [Fact]
    public async Task WithoutContentTheColumnsAreEmpty()
    {
        var path = await _results
            .WithRecords(SomeResults.Record("a", """  "content":{"html":"x","pages_html":["y"]},"parsed":{}"""))
            .ExportAsync("r.parquet", Parquet, withContent: false);

        Assert.Equal([null, null, "{}"], Assert.Single(Duck.Query($"SELECT html, pages_html, parsed FROM '{path}'")));
    }

    [Fact]
    public async Task SomeColumnsComeInTheirOrder()
    {
        var path = await _results.WithRecords(SomeResults.Record("a"))
            .ExportAsync("r.parquet", Parquet, Table.Records.Select(["url", "source_uri", "id"]));

        Assert.Equal(
            ["https://example.com/", "s3://b/k.json.gz", "a"], Assert.Single(Duck.Query($"SELECT * FROM '{path}'")));
    }

    private static long Micros(string time) =>
        DateTimeOffset.Parse(time, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds() * 1000;
}
