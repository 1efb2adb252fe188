using System.Text.Json;
using Microsoft.Data.Sqlite;
using Pipeline.Export.Tables;
using Pipeline.Export.Targets;

namespace Pipeline.Tests.Export;

public sealed class OtherFormatsTests : IDisposable
{
    private readonly SomeResults _results = new();

    public void Dispose() => _results.Dispose();

    [Fact]
    public async Task EveryJsonLineHasTheSameMembersAndNestedValuesAreTexts()
    {
        _results.WithRecords(SomeResults.Record("a", "\"parsed\":{\"x\":1}"), SomeResults.Record("b"));
        var lines = File.ReadAllLines(await _results.ExportAsync("r.ndjson", new(ExportFormat.Ndjson)));

        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.Equal(
            Table.Records.Columns.Select(column => column.Name),
            JsonElement.Parse(line).EnumerateObject().Select(member => member.Name)));
        var first = JsonElement.Parse(lines[0]);
        Assert.Equal("{\"x\":1}", first.GetProperty("parsed").GetString());
        Assert.Equal(9120, first.GetProperty("source_bytes").GetInt64());
        Assert.True(first.GetProperty("source_compressed").GetBoolean());
        Assert.Equal("2026-03-19T10:00:04.123Z", first.GetProperty("collected_at").GetString());
        Assert.Equal(JsonValueKind.Null, JsonElement.Parse(lines[1]).GetProperty("parsed").ValueKind);
    }

    [Fact]
    public async Task SqliteHasBothTablesWithTypesAndIndexes()
    {
        _results.WithRecords(SomeResults.Record("a", "\"tag\":\"x\\u0000y\""))
            .WithFailures(SomeResults.Failure("f"), SomeResults.Failure("g"));
        var path = await _results.ExportAsync("r.sqlite", new(ExportFormat.Sqlite));

        Assert.Equal("1|2", Query(path, "SELECT (SELECT count(*) FROM records) || '|' || count(*) FROM failures"));
        Assert.Equal(
            "integer|text|integer|null",
            Query(
                path,
                "SELECT typeof(http_status)||'|'||typeof(url)||'|'||typeof(source_compressed)||'|'||typeof(html) "
                    + "FROM records"));
        Assert.Equal(
            "2026-03-19 10:00:04", Query(path, "SELECT datetime(collected_at) FROM records"));
        Assert.Contains("records_url", Query(path, "EXPLAIN QUERY PLAN SELECT * FROM records WHERE url='u'", 3));
        Assert.Equal(["results", "r.sqlite"], Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(path)!)
            .Select(Path.GetFileName).OrderDescending());
    }

    private static string Query(string path, string sql, int column = 0)
    {
        using var connection = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        Assert.True(reader.Read());
        return reader.GetString(column);
    }
}
