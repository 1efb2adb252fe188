using Pipeline.Cli;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Export;

/// <summary>The command <c>pipeline export</c>, as a user runs it.</summary>
public sealed class ExportCommandTests : IDisposable
{
    private readonly SomeResults _results = new();

    public void Dispose() => _results.Dispose();

    [Fact]
    public async Task PartitionsAreFoldersThatDuckDbReadsAsColumns()
    {
        _results.WithRecords(SomeResults.Record("a"), SomeResults.Record("b", list: "open"))
            .WithFailures(SomeResults.Failure("f"))
            .WithManifest();
        var lake = _results["lake"];

        string[] arguments =
            ["export", _results.Folder, "--format", "parquet", "--partition", "date,list", "--out", lake, "--json"];
        await CliProcess.RunAsync(arguments);
        var (exitCode, output, error) = await CliProcess.RunAsync(arguments);

        Assert.Equal(ExitCodes.Complete, exitCode);
        Assert.Contains("Exported 2 records and 1 failure to ", error);
        Assert.Contains("\"records\":2,\"failures\":1", output);
        Assert.Equal(
            [["2026-03-19", "9a41", "a"], [null, "open", "b"]],
            Duck.Query(
                "SELECT dt::VARCHAR, list, id FROM "
                    + $"read_parquet('{lake}/dt=*/**/*.parquet', hive_partitioning=true) ORDER BY id"));
        Assert.True(File.Exists(Path.Combine(lake, "_failures", "dt=2026-03-19", "list=9a41", "part-0.parquet")));
        Assert.Equal(["lake", "results"], Entries());
    }

    /// <summary>A results folder from somebody else may contain a path instead of an id.</summary>
    [Fact]
    public async Task NoFileIsWrittenOutsideOfThePartitions()
    {
        _results.WithRecords(SomeResults.Record("a", list: "../../../x"), SomeResults.Record("b", list: ""));

        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["export", _results.Folder, "--format", "csv", "--partition", "list", "--out", _results["lake"]]);

        Assert.True(exitCode == ExitCodes.Complete, error);
        Assert.Equal(["lake", "results"], Entries());
        Assert.Equal(
            "list=__HIVE_DEFAULT_PARTITION__",
            Path.GetFileName(Assert.Single(Directory.GetDirectories(_results["lake"]))));
    }

    [Fact]
    public async Task TheRunsOfASeriesAreExportedWithoutOtherLists()
    {
        _results.WithRecords(
                SomeResults.Record("a", list: "one"), SomeResults.Record("b", list: "two"),
                SomeResults.Record("c", list: "other"))
            .WithManifests(
                """{"list_id":"one","series":"shops"}""", """{"list_id":"two","series":"shops"}""",
                """{"list_id":"other"}""");

        await CliProcess.RunAsync(
            ["export", _results.Folder, "--series", "shops", "--format", "parquet", "--out", _results["r.parquet"]]);

        Assert.Equal(
            [["a"], ["b"]], Duck.Query($"SELECT id FROM read_parquet('{_results["r.parquet"]}') ORDER BY id"));
    }

    [Theory]
    [InlineData(100, "")]
    [InlineData(10_000, "")]
    [InlineData(10_000, "9a41")]
    public async Task AnIncompleteLastLineIsCountedAndSaid(int bytes, string list)
    {
        _results.WithRecords(SomeResults.Record("a")).WithFailures(SomeResults.Failure("f")).WithManifest();
        var records = Path.Combine(_results.Folder, "records.ndjson");
        var text = $$"""  "content":{"html":"{{new string('x', bytes)}}"}""";
        await File.AppendAllTextAsync(
            records, SomeResults.Record("b", text, list: "other")[..bytes], TestContext.Current.CancellationToken);

        var (exitCode, output, error) = await CliProcess.RunAsync(
            ["export", _results.Folder, .. list.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--json",
                "--out", _results["r.parquet"]]);

        Assert.Equal(ExitCodes.Complete, exitCode);
        Assert.Contains("\"records\":1,\"failures\":1,\"left_out\":0,\"incomplete_lines\":1", output);
        Assert.Contains($"1 incomplete line left out: '{records}' ends within it.", error);
        Assert.Equal("a", Duck.Value($"SELECT string_agg(id) FROM '{_results["r.parquet"]}'"));
    }

    [Fact]
    public async Task AnUnknownListIsSaidWithTheFolderThatWasSearched()
    {
        using var here = new TempFolder();
        using var process = CliProcess.StartShell(
            $"cd '{here.Path}' && $pipeline export nowhere --out r.csv");
        var (exitCode, _, error) = await process.WaitAsync();

        Assert.Equal(
            (
                ExitCodes.Usage,
                $"pipeline: There is no folder 'nowhere', and '{here["pipeline-out"]}', where a list of that id was "
                    + "looked for, holds no results. Name the output folder of its run too: "
                    + "pipeline export DIR nowhere --out FILE\n"),
            (exitCode, error));
    }

    [Theory]
    [InlineData(" --series shops --out /r.csv", "No run of series 'shops' is complete in '")]
    [InlineData("", "Name the file to write: --out results.parquet.")]
    [InlineData(" --out /r.txt", "does not say in which format to write. Add --format parquet, csv, ndjson or sqlite.")]
    [InlineData(" --out /r.csv --format xlsx", "--format is 'xlsx'. Write parquet, csv, ndjson or sqlite.")]
    [InlineData(" --out /r.csv --columns url,http_stat", "There is no column 'http_stat'. Did you mean http_status?")]
    [InlineData(" --out /r.csv --columns url,url", "--columns names 'url' twice.")]
    [InlineData(" --out /r.csv --content all", "--content is 'all'. Write inline or none.")]
    [InlineData(" --out /r.parquet --compression lz4", "--compression is 'lz4'. Write snappy or zstd.")]
    [InlineData(" --out /r --format csv --partition url", "--partition is 'url'. Write date, list, or date,list.")]
    [InlineData(" --out /r.sqlite --partition list", "SQLite is one file. Use another --format.")]
    [InlineData(" --out /no/folder/r.csv", "is in a folder that does not exist.")]
    [InlineData(" --out /results --format csv", "is a folder. Name a file, such as ")]
    [InlineData(" --out /results --format csv --partition list", "holds other files than an earlier export")]
    [InlineData(" --out /results/records.ndjson", "is what is exported. Name another file.")]
    [InlineData("nowhere --out /r.csv", "There is no folder 'nowhere', and no list of that id was completed in")]
    public async Task WhatCannotBeDoneIsSaidInOneLine(string arguments, string message)
    {
        _results.WithRecords(SomeResults.Record("a")).WithManifest();
        var words = arguments.Replace(" /", $" {_results[""]}/", StringComparison.Ordinal).Split(' ');

        var problem = await Assert.ThrowsAsync<PipelineException>(() => CommandLine.CreateRoot()
            .Parse(["export", _results.Folder, .. words.Where(word => word.Length > 0)])
            .InvokeAsync(new() { EnableDefaultExceptionHandler = false }, TestContext.Current.CancellationToken));

        Assert.Contains(message, problem.Message);
        Assert.DoesNotContain('\n', problem.Message);
        Assert.Equal(ExitCodes.Usage, ExitCodes.For(problem));
        Assert.Equal(["results"], Entries());
    }

    [Fact]
    public async Task AFullDiskLeavesNothingAndSaysSo()
    {
        using var disk = SmallDisk.Mount(2);
        var text = string.Concat(Enumerable.Range(0, 400_000).Select(n => $"{n * 7919L % 1_000_003} "));
        _results.WithRecords(Enumerable.Range(0, 3).Select(
            n => SomeResults.Record($"{n}", $$"""  "content":{"html":"{{text}}"}""")));

        foreach (var name in new[] { "r.parquet", "r.sqlite", "r.csv" })
        {
            using var process = CliProcess.StartWithin(
                disk.Enter,
                ["export", _results.Folder, "--content", "inline", "--out", Path.Combine(disk.Path, name)]);
            var (exitCode, _, error) = await process.WaitAsync();

            Assert.Contains(
                $"The disk that holds {Path.Combine(disk.Path, name)} is full. Nothing was exported.", error);
            Assert.Equal(ExitCodes.Error, exitCode);
            Assert.Empty(Directory.EnumerateFileSystemEntries(disk.Seen));
        }
    }

    private IEnumerable<string?> Entries() =>
        Directory.EnumerateFileSystemEntries(_results[""]).Select(Path.GetFileName).Order();
}
