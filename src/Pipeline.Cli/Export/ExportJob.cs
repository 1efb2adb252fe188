using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Inputs;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Export.Copying;
using Pipeline.Export.Sources;
using Pipeline.Export.Tables;
using Pipeline.Export.Targets;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Ports;
using Pipeline.Ports.Reading;
using Pipeline.Reports;
using Pipeline.Stores;

namespace Pipeline.Cli.Export;

/// <summary>One <c>pipeline export</c>, from its options to its exit code.</summary>
internal sealed class ExportJob(RunSettings settings, ExportRequest options)
{
    private const long PartBytes = 128 << 20;
    private const int MaxNamed = 5;

    private bool IsPartitioned => options.ByDate || options.ByList;

    /// <summary>Writes the export, and says what it holds.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var folders = options.Sources.Where(Directory.Exists).ToList();
        var lists = options.Sources.Except(folders).ToList();
        if (folders.Count > 1)
            throw Wrong("Name one folder. Several lists of one folder can be exported together.");
        CheckPath();
        if (folders.Count == 0 && settings.Azure is not null)
        {
            await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
            if (options.Series is { } runs)
                lists.AddRange(await FindRunsAsync(stores.Services, runs, cancellationToken));
            return await RunAsync(await OpenAccountAsync(stores.Services, lists, cancellationToken), cancellationToken);
        }

        var folder = Path.GetFullPath(folders.SingleOrDefault() ?? RunOptions.DefaultOut);
        if (FolderSource.FilesOf(folder).Contains(options.Path))
            throw Wrong($"--out {options.Path} is what is exported. Name another file.");
        if (options.Series is { } series)
            lists.AddRange(FindRuns(folder, series));
        if (lists.Count > 0 && !FolderSource.IsOutput(folder))
            throw Unknown(lists[0], $"'{folder}', where a list of that id was looked for, holds no results.");
        var source = FolderSource.Open(folder, lists);
        if (lists.FirstOrDefault(list => !source.ClosedLists.Contains(list)) is { } unknown)
            throw Unknown(
                unknown, $"no list of that id was completed in '{folder}'. Completed: {Names(source.ClosedLists)}.");
        if (source.ClosedLists.Count == 0)
            await Console.Error.WriteLineAsync(
                $"No list in '{folder}' is complete yet. This exports what is there so far.");
        return await RunAsync(source, cancellationToken);
    }

    private async Task<int> RunAsync(IResultSource source, CancellationToken cancellationToken)
    {
        ExportCounts counts;
        try
        {
            await using var target = OpenTarget();
            counts = await new ResultExport(source, target, list => PartitionOf(source, list))
                .RunAsync(options.Records, options.WithContent, cancellationToken);
            await target.CommitAsync(cancellationToken);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or SqliteException)
        {
            throw CannotWrite(problem);
        }
        await ReportAsync(counts);
        return ExitCodes.Complete;
    }

    private static IReadOnlyList<string> FindRuns(string folder, string series) =>
        FolderSource.Open(folder, []).RunsOf(series) is { Count: > 0 } runs ? runs : throw NoRun(series, folder);

    /// <summary>The runs that have a manifest; one that is open is exported once it is complete.</summary>
    private async Task<IReadOnlyList<string>> FindRunsAsync(
        IServiceProvider services, string series, CancellationToken cancellationToken)
    {
        var ledger = services.GetRequiredService<ILedger>();
        var closed = new List<string>();
        await foreach (var run in ledger.GetRunsAsync(series, cancellationToken))
            if (await ledger.GetListAsync(run.ListId, cancellationToken) is { State: ListState.Closed })
                closed.Add(run.ListId);
        return closed.Count > 0 ? closed : throw NoRun(series, settings.WorkStore.Name);
    }

    private static PipelineException NoRun(string series, string place) => Wrong(
        $"No run of series '{series}' is complete in '{place}'. Start one: pipeline run LIST --series {series}");

    private async Task<IResultSource> OpenAccountAsync(
        IServiceProvider services, IReadOnlyList<string> lists, CancellationToken cancellationToken)
    {
        if (lists.Count == 0)
            throw Wrong(
                "Name the lists to export, because a storage account holds everybody's. 'pipeline status' shows "
                    + "the open ones.");
        var ledger = services.GetRequiredService<ILedger>();
        var objects = services.GetRequiredService<ObjectStores>();
        var manifests = new List<Manifest>();
        foreach (var id in lists)
        {
            if (await ledger.GetListAsync(id, cancellationToken) is null)
                throw ListArguments.Unknown(settings, id);
            manifests.Add(
                await services.GetRequiredService<IManifestReader>().ReadManifestAsync(id, cancellationToken)
                    ?? throw Wrong(
                        $"List {id} is not complete yet. 'pipeline status {id}' shows how far it is; export it then."));
        }
        return new FetchedAhead(new AccountSource(objects, new FailureReader(ledger), manifests));
    }

    private IExportTarget OpenTarget() =>
        IsPartitioned ? new FolderTarget(options.Path, options.Style, PartBytes)
        : options.Style.Format == ExportFormat.Sqlite ? new SqliteTarget(options.Path)
        : new FileTarget(options.Path, options.Style);

    private Partition PartitionOf(IResultSource source, string list) => new(
        options.ByDate ? Partition.NameOf(source.ClosedAt(list)) : null,
        options.ByList ? Partition.NameOf(list) : null);

    /// <summary>An export replaces an earlier one, and nothing else.</summary>
    private void CheckPath()
    {
        if (!Directory.Exists(Path.GetDirectoryName(options.Path)))
            throw Wrong($"--out {options.Path} is in a folder that does not exist. Create it, or name another path.");
        if (!IsPartitioned && Directory.Exists(options.Path))
            throw Wrong(
                $"--out {options.Path} is a folder. Name a file, such as "
                    + $"{Path.Combine(options.Path, "results" + options.Style.Extension)}, or add --partition list.");
        if (IsPartitioned && File.Exists(options.Path))
            throw Wrong($"--out {options.Path} is a file, and --partition writes a folder. Name another path.");
        if (IsPartitioned && Directory.Exists(options.Path) && !FolderTarget.IsExport(options.Path))
            throw Wrong(
                $"--out {options.Path} holds other files than an earlier export, and would be replaced. "
                    + "Name a new folder.");
    }

    private PipelineException CannotWrite(Exception problem) =>
        DiskFaults.IsFull(problem) || problem is SqliteException { SqliteErrorCode: 13 }
            ? PipelineException.StoreStops(
                FailureReasons.Unavailable,
                $"The disk that holds {options.Path} is full. Nothing was exported. Free some space, or add "
                    + "--content none, then run the same command again.",
                problem)
            : OutputFile.CannotWrite("--out", options.Path, problem);

    private async Task ReportAsync(ExportCounts counts)
    {
        if (settings.Json)
            await Console.Out.WriteLineAsync(
                JsonSerializer.Serialize(
                    new ExportReport(
                        options.Path, counts.Records, counts.Failures, counts.LeftOut, counts.Torn.Count),
                    CliJson.Default.ExportReport));
        await Console.Error.WriteLineAsync(
            $"Exported {Amount.Of(counts.Records, "record")} and {Amount.Of(counts.Failures, "failure")} to "
                + $"{Describe()}.");
        if (counts.LeftOut > 0)
            await Console.Error.WriteLineAsync(
                $"{Amount.Of(counts.LeftOut, "text")} longer than 64 MiB left out; column omitted names them.");
        foreach (var file in counts.Torn)
            await Console.Error.WriteLineAsync(
                $"1 incomplete line left out: '{file}' ends within it. A run is writing the file, or was stopped while "
                    + "it did. Run the same 'pipeline run' again to complete it, then export again.");
    }

    private string Describe() =>
        IsPartitioned ? $"{options.Path} (failures in {FolderTarget.FailuresFolder})"
        : options.Style.Format == ExportFormat.Sqlite
            ? $"{options.Path} (tables {Table.Records.Name} and {Table.Failures.Name})"
            : $"{options.Path} and {FileTarget.PathOf(options.Path, Table.Failures)}";

    private static string Names(IReadOnlyCollection<string> lists) => lists.Count == 0
        ? "none"
        : string.Join(", ", lists.Take(MaxNamed)) + (lists.Count > MaxNamed ? ", and more" : "");

    private static PipelineException Unknown(string list, string where) => Wrong(
        $"There is no folder {DisplayText.Quote(list)}, and {where} Name the output folder of its run too: "
            + $"pipeline export DIR {Shell.Quote(list)} --out FILE");

    private static PipelineException Wrong(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}
