using Pipeline.Export.Tables;
using Pipeline.Export.Targets;

namespace Pipeline.Tests.Export;

public sealed class CsvExportTests : IDisposable
{
    private static readonly FileStyle ForSpreadsheets = new(ExportFormat.Csv);
    private static readonly FileStyle ForPrograms = new(ExportFormat.Csv, ForSpreadsheets: false);

    private readonly SomeResults _results = new();

    public void Dispose() => _results.Dispose();

    [Theory]
    [InlineData("=HYPERLINK(\\\"http://evil\\\")", "'=HYPERLINK(\"http://evil\")")]
    [InlineData("+1", "'+1")]
    [InlineData("-2+3", "'-2+3")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\\t=1", "'\t=1")]
    [InlineData("\\r=1", "'\r=1")]
    [InlineData("\\n=1", "'\n=1")]
    [InlineData("＝1", "'＝1")]
    [InlineData("  =1", "'  =1")]
    [InlineData("\\u00a0\\ufeff@SUM(A1)", "'\u00A0\uFEFF@SUM(A1)")]
    [InlineData(" a", " a")]
    [InlineData("a=1", "a=1")]
    [InlineData("", "")]
    public async Task AFormulaIsATextForSpreadsheets(string escaped, string expected)
    {
        _results.WithRecords(SomeResults.Record("a", $"\"tag\":\"{escaped}\""));

        Assert.Equal(expected, (await ReadAsync(ForSpreadsheets, ["tag", "url"]))[1][0]);
        Assert.Equal(expected.TrimStart('\''), (await ReadAsync(ForPrograms, ["tag", "url"]))[1][0]);
    }

    [Fact]
    public async Task NumbersAreNoFormulas()
    {
        _results.WithRecords(SomeResults.Record("a", "\"duration_ms\":-5"));

        Assert.Equal("-5", (await ReadAsync(ForSpreadsheets, ["duration_ms"]))[1][0]);
    }

    [Fact]
    public async Task QuotesCommasAndLineBreaksStayInTheirCell()
    {
        _results.WithRecords(
            SomeResults.Record("a", """  "content":{"text":"a,\"b\"\r\nc"},"parsed":{"x":[1,2]}"""));

        var rows = await ReadAsync(ForSpreadsheets, ["id", "text", "parsed", "source_compressed", "collected_at"]);

        Assert.Equal(["id", "text", "parsed", "source_compressed", "collected_at"], rows[0]);
        Assert.Equal(["a", "a,\"b\"\r\nc", """{"x":[1,2]}""", "true", "2026-03-19T10:00:04.123Z"], rows[1]);
        Assert.Equal(2, rows.Count);
    }

    [Fact]
    public async Task OnlyTheFormForSpreadsheetsHasAByteOrderMark()
    {
        _results.WithRecords(SomeResults.Record("a"));

        Assert.Equal(0xEF, File.ReadAllBytes(await _results.ExportAsync("s.csv", ForSpreadsheets))[0]);
        Assert.Equal((byte)'i', File.ReadAllBytes(await _results.ExportAsync("p.csv", ForPrograms))[0]);
    }

    /// <summary>PostgreSQL, for example, rejects a whole file because of one NUL.</summary>
    [Fact]
    public async Task NulBecomesTheReplacementCharacter()
    {
        _results.WithRecords(SomeResults.Record("a", "\"tag\":\"x\\u0000y\""));

        Assert.Equal("x\uFFFDy", (await ReadAsync(ForPrograms, ["tag"]))[1][0]);
    }

    private async Task<IReadOnlyList<string[]>> ReadAsync(FileStyle style, IReadOnlyList<string> columns)
    {
        var path = await _results.ExportAsync("r.csv", style, Table.Records.Select(columns));
        var file = $"read_csv('{path}', all_varchar=true, header=true, delim=',', quote='\"', escape='\"')";
        return
        [
            [.. Duck.Query($"SELECT column_name FROM (DESCRIBE SELECT * FROM {file})").Select(row => (string)row[0]!)],
            .. Duck.Query($"SELECT * FROM {file}").Select(
                row => row.Select(cell => (string?)cell ?? "").ToArray()),
        ];
    }
}
