using System.Globalization;
using System.Text;
using System.Text.Json;
using FsCheck.Fluent;
using Microsoft.Data.Sqlite;
using Pipeline.Export.Tables;
using Pipeline.Export.Targets;
using Pipeline.Model;
using Pipeline.Records;
using Pipeline.Tests.Collect.Normalize;

namespace Pipeline.Tests.Export;

/// <summary>
/// Whatever a page contains, each format has the record's values, according to readers that share no code with the
/// writers.
/// </summary>
public sealed class OddValuesTests : IDisposable
{
    private const int Generated = 150;

    private static readonly string[] Odd =
    [
        """{"data":{"html":"\u0000\u0001\u001f\u007f","text":"a\u2028b\u2029c\u0085d\u000be"}}""",
        """{"data":{"html":"\ud83d x \udc00","markdown":"\ud83d\ude00 \uFEFF \uFFFE"}}""",
        """{"data":{"html":"","text":" ","parsing":{"A":1,"a":2,"\u0061":3,"A":4}}}""",
        """{"data":{"html":"\"","text":"\\","markdown":"\",\"\r\n\r\n\"\"","screenshot":"'"}}""",
        """{"data":{"html":"NULL","text":"\\N","markdown":"NaN"},"metadata":{"country":"NA","tag":"007"}}""",
        """{"data":{"parsing":[1e400,-0,1E-400,9007199254740993,123456789012345678901234567890]}}""",
        """{"data":{"parsing":"2026-03-19"},"metadata":{"tag":"2026-03-19","query_duration":9223372036854775807}}""",
        """{"data":{"parsing":"=1+1"},"metadata":{"tag":"=1+1","driver":"1e5"},"status_code":2147483647}""",
        """{"data":{"html":"x","parsing":null,"links":[],"network_capture":[{"":"","":""}]},"status_code":9e10}""",
        $$$"""{"data":{"parsing":{{{new string('[', 250)}}}{{{new string(']', 250)}}}},"o":{"O":1,"o":2}}""",
        """{"data":{"html":"x"},"metadata":{"driver":",;\t|","tag":"5e3b0c44298fc1c149afbf4c8996fb92"}}""",
    ];

    private readonly SomeResults _results = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _results.Dispose();

    [Fact]
    public async Task EveryFormatAndTheLibraryHaveTheValuesOfTheRecords()
    {
        var lines = await RecordsAsync();
        _results.WithRecords(lines);
        var expected = lines.Select(Expect).ToList();

        var library = RecordReader.OpenFile(Path.Combine(_results.Folder, "records.ndjson"));
        var verified = await library.ReadAsync(Token).CountAsync(record => record.IsContentVerified, Token);

        Assert.True(lines.Count > Generated / 2, $"{lines.Count}");
        Assert.Equal(lines.Count, verified);
        var parquet = await ExportAsync("parquet");
        AssertSame(expected, Duck.Query($"SELECT {Texts("epoch_ms")} FROM '{parquet}' ORDER BY id"));
        AssertSame(expected, Duck.Query($"SELECT {Texts("")} FROM {Json(await ExportAsync("ndjson"))} ORDER BY id"));
        AssertSame(expected, Sqlite($"SELECT {Texts("")} FROM records ORDER BY id", await ExportAsync("sqlite")));
        var csv = await _results.ExportAsync("r.csv", new(ExportFormat.Csv, ForSpreadsheets: false));
        AssertSame(
            [.. expected.Select(row => row.Select(text => text?.Replace('\0', '\uFFFD')).Select(EmptyIsNull))],
            Duck.Query(
                $"SELECT * FROM read_csv('{csv}', all_varchar=true, header=true, delim=',', quote='\"', escape='\"') "
                    + "ORDER BY id"));
    }

    /// <summary>A cell's text is written in pieces, which may end inside a character or an escape.</summary>
    [Fact]
    public async Task ALongTextIsWholeInJsonLines()
    {
        var text = string.Concat(Enumerable.Range(0, 400_000).Select(n => $"é\u0001😀{n % 10}"));
        _results.WithRecords(SomeResults.Record("a", $"\"content\":{{\"html\":{JsonSerializer.Serialize(text)}}}"));

        var line = File.ReadAllText(await _results.ExportAsync("r.ndjson", new(ExportFormat.Ndjson)));

        Assert.Equal(text, JsonElement.Parse(line).GetProperty("html").GetString());
    }

    private Task<string> ExportAsync(string format) =>
        _results.ExportAsync($"r.{format}", new(Enum.Parse<ExportFormat>(format, ignoreCase: true)));

    /// <summary>Records of unusual results and of generated ones, without those that are invalid.</summary>
    private static async Task<IReadOnlyList<string>> RecordsAsync()
    {
        var lines = new List<string>();
        foreach (var document in Odd.Concat(ResultDocuments.Any.Sample(Generated)))
        {
            try
            {
                var line = await Normal.RecordAsync(Encoding.UTF8.GetBytes(document));
                lines.Add(line.Replace(
                    Normal.Context.Input.Id, lines.Count.ToString("x32", CultureInfo.InvariantCulture),
                    StringComparison.Ordinal));
            }
            catch (PipelineException)
            {
                Assert.DoesNotContain(document, Odd);
            }
        }
        return lines;
    }

    /// <summary>The values of a record according to another parser: each as text, null if missing.</summary>
    private static IEnumerable<string?> Expect(string line)
    {
        using var record = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 1024 });
        var root = record.RootElement.Clone();
        return [.. Table.Records.Columns.Select(column => ValueOf(Find(root, column.Path), column.Kind))];
    }

    private static string? ValueOf(JsonElement? value, ColumnKind kind) => value is not { } found
        ? null
        : kind is ColumnKind.Text or ColumnKind.Time ? found.GetString() : found.GetRawText();

    private static JsonElement? Find(JsonElement? value, string path)
    {
        foreach (var name in path.Split('.'))
            value = value?.TryGetProperty(name, out var inner) == true ? inner : null;
        return value;
    }

    private static void AssertSame(
        IReadOnlyList<IEnumerable<string?>> expected, IReadOnlyList<IReadOnlyList<object?>> found)
    {
        Assert.Equal(expected.Count, found.Count);
        foreach (var (row, values) in expected.Index())
            foreach (var (column, value) in values.Index())
                Assert.True(
                    value == (string?)found[row][column],
                    $"Row {row}, {Table.Records.Columns[column].Name}: '{value}' is '{found[row][column]}'.");
    }

    /// <summary>Every column as text; times as the record has them.</summary>
    private static string Texts(string millisecondsOf) => string.Join(
        ", ", Table.Records.Columns.Select(column => column.Kind switch
        {
            ColumnKind.Time when millisecondsOf.Length > 0 =>
                $"strftime(make_timestamp({millisecondsOf}({column.Name}) * 1000), '%Y-%m-%dT%H:%M:%S.%gZ')",
            ColumnKind.Number => $"CAST({column.Name} AS VARCHAR)",
            ColumnKind.Boolean => $"CASE WHEN {column.Name} THEN 'true' WHEN NOT {column.Name} THEN 'false' END",
            _ => $"\"{column.Name}\"",
        }));

    private static string Json(string path) => $"read_json('{path}', format='newline_delimited', columns={{"
        + string.Join(", ", Table.Records.Columns.Select(column => $"\"{column.Name}\": '{column.Kind switch
        {
            ColumnKind.Number => "BIGINT",
            ColumnKind.Boolean => "BOOLEAN",
            _ => "VARCHAR",
        }}'"))
        + "})";

    private static string? EmptyIsNull(string? text) => text is "" ? null : text;

    private static IReadOnlyList<IReadOnlyList<object?>> Sqlite(string sql, string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        return connection.ReadRows(sql);
    }
}
