using System.Text.RegularExpressions;
using Pipeline.Export.Copying;
using Pipeline.Export.Sources;
using Pipeline.Export.Tables;
using Pipeline.Export.Targets;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Export;

/// <summary>Runs the commands that docs/load.md marks as tested, as printed.</summary>
public sealed partial class LoadPageTests : IAsyncLifetime
{
    private const string SystemPython = "/usr/bin/python3";

    private static readonly IReadOnlyDictionary<string, string> Sections = Repository.Read("docs/load.md")
        .Split("\n## Programs\n")[1]
        .Split("\n### ")[1..]
        .ToDictionary(section => section.Split('\n')[0]);

    private readonly SomeResults _results = new();

    public async ValueTask InitializeAsync()
    {
        _results
            .WithRecords(
                SomeResults.Record("a", """  "content":{"html":"<p>1</p>"},"parsed":{"title":"One\u0000"}"""),
                SomeResults.Record("b", """  "tag":"=1+1,\"x\"\n","parsed":{"title":"Two"}"""),
                // Values that readers misinterpret: a number, a missing value, names that differ only in case.
                SomeResults.Record("c", """  "tag":"007","country":"NA","parsed":{"Title":1,"title":"3"}"""))
            .WithFailures(SomeResults.Failure("f"))
            .WithManifest();
        foreach (var name in new[] { "results.parquet", "results.csv", "results.ndjson", "results.sqlite" })
            await _results.ExportAsync(name, new(Enum.Parse<ExportFormat>(name.Split('.')[1], ignoreCase: true)));
        await using var folder = new FolderTarget(_results["exports"], new(ExportFormat.Parquet), 1 << 20);
        await new ResultExport(
            FolderSource.Open(_results.Folder, []), folder, list => new("2026-03-19", list)).RunAsync(
                Table.Records, withContent: true, TestContext.Current.CancellationToken);
        await folder.CommitAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _results.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public void EverySectionSaysWhetherItIsTested() => Assert.All(
        Sections,
        section => Assert.Equal(
            section.Key is "DuckDB" or "pandas" or "SQLite" or "PostgreSQL",
            section.Value.Contains("\nTested", StringComparison.Ordinal)
                || !section.Value.Contains("\nNot run here", StringComparison.Ordinal)));

    [Fact]
    public void DuckDbReadsEveryFile()
    {
        var statements = Blocks("DuckDB", "sql").SelectMany(block => block.Split(';'))
            .Where(statement => !string.IsNullOrWhiteSpace(statement))
            .ToList();

        Assert.Equal(7, statements.Count);
        foreach (var statement in statements)
            Assert.NotEmpty(Duck.Query(Named(statement)));
        Assert.Equal("Two", Duck.Value($"SELECT parsed->>'$.title' FROM '{_results["results.parquet"]}' WHERE id='b'"));
        Assert.Equal("007", Duck.Query(Named(statements[5]))[2][2]);
        Assert.Equal([null, null, "<p>1</p>"], Duck.Query(Named(statements[6])).Select(row => row[2]).Order());

        string Named(string statement) => Path().Replace(statement, match => $"'{_results[match.Groups[1].Value]}");
    }

    [Fact]
    [Trait("Needs", "servers")]
    public async Task PandasReadsJsonLinesCsvAndSqlite()
    {
        var program = string.Concat(Blocks("pandas", "python"))
            + "print(len(records), records.collected_at.dtype, records.parsed[1], len(table), "
            + "table.collected_at.dtype, failed.reason[0])\n"
            + "print(records.tag[2], records.country[2], table.tag[2], table.country[2], table.country.isna().sum())\n";

        var output = await RunAsync(SystemPython, "-c", program);

        Assert.Equal(
            """3 datetime64[ns, UTC] {"title":"Two"} 3 datetime64[ns, UTC] task_failed""" + "\n007 NA 007 NA 2",
            output.Trim());
    }

    [Fact]
    public async Task SqliteAnswers() =>
        Assert.Equal("200|3\n", await RunAsync("bash", "-c", Assert.Single(Blocks("SQLite", "sh"))));

    [Fact]
    [Trait("Needs", "servers")]
    public async Task PostgreSqlTakesTheFileTwice()
    {
        await using var server = await ServerProcess.StartPostgresAsync();
        var block = Assert.Single(Blocks("PostgreSQL", "sh"));

        await PasteAsync(block, server);
        await PasteAsync(block, server);

        Assert.Equal(
            "3|2026-03-19 10:00:04.123|Two",
            (await PasteAsync(
                "psql -AtF'|' -c \"SELECT count(*), max(collected_at AT TIME ZONE 'UTC'), "
                    + "max(parsed->>'title') FILTER (WHERE id='b') FROM records\"",
                server)).Trim());
    }

    private static IEnumerable<string> Blocks(string section, string language) =>
        Block().Matches(Sections[section])
            .Where(block => block.Groups[1].Value == language)
            .Select(block => block.Groups[2].Value);

    private async Task<string> PasteAsync(string lines, ServerProcess server)
    {
        using var process = CliProcess.StartShell(
            $"cd '{_results[""]}'; pipeline() {{ $pipeline \"$@\"; }}; set -e; {lines}",
            ("PGHOST", "127.0.0.1"), ("PGPORT", $"{server.Address.Port}"), ("PGUSER", "postgres"),
            ("PGDATABASE", "postgres"));
        var (exitCode, output, error) = await process.WaitAsync();
        Assert.True(exitCode == 0 && !error.Contains("ERROR", StringComparison.Ordinal), $"{output}{error}");
        return output;
    }

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (exitCode, output, error) = await Programs.RunAsync(
            new(program, arguments) { WorkingDirectory = _results[""] });
        Assert.True(exitCode == 0, error);
        return output;
    }

    [GeneratedRegex(@"^```(\w+)\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex(@"'((results|exports)[./])")]
    private static partial Regex Path();
}
