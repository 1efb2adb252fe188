using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Notation;
using Pipeline.Ports;
using Pipeline.Reports.Diff;

namespace Pipeline.Cli.Diff;

/// <summary>Finds the two runs that are compared, and writes their differences.</summary>
internal sealed class DiffJob(RunSettings settings, bool json)
{
    /// <summary>Compares two runs.</summary>
    /// <param name="runs">Folders or list ids; none with a series.</param>
    /// <param name="series">The series whose last two runs are compared; null for the runs that are named.</param>
    /// <param name="cancellationToken">Stops the comparison.</param>
    /// <returns>0 if nothing differs, else 3.</returns>
    public async Task<int> RunAsync(
        IReadOnlyList<string> runs, string? series, CancellationToken cancellationToken)
    {
        if ((series is null && runs.Count != 2) || (series is not null && runs.Count != 0))
            throw Unusable("Name two runs (folders or list ids), or --series NAME.");
        // Folders need no state.
        await using var stores = series is null && runs.All(FolderRun.Exists)
            ? null
            : await OpenAsync(runs.FirstOrDefault(run => !FolderRun.Exists(run)), cancellationToken);
        var ledger = stores?.Services.GetRequiredService<ILedger>();
        var names = series is null ? runs : await LastTwoAsync(ledger!, series, cancellationToken);
        return await CompareAsync(
            names,
            await ReadAsync(names[0], ledger, cancellationToken),
            await ReadAsync(names[1], ledger, cancellationToken),
            cancellationToken);
    }

    private async Task<int> CompareAsync(
        IReadOnlyList<string> names, IAsyncEnumerable<RunInput> before, IAsyncEnumerable<RunInput> after,
        CancellationToken cancellationToken)
    {
        var diff = new RunDiff(settings.Bind().Series.Compare);
        await using var writer = DiffWriter.Create(json, names[0], names[1]);
        var any = false;
        await foreach (var difference in diff.CompareAsync(before, after, cancellationToken))
        {
            any = true;
            await writer.WriteAsync(difference);
        }
        await writer.EndAsync(diff);
        return any ? ExitCodes.SomeFailed : ExitCodes.Complete;
    }

    private async Task<StoreAccess> OpenAsync(string? list, CancellationToken cancellationToken)
    {
        if (list is not null && !settings.WorkStore.Exists)
            throw Unusable(
                $"{DisplayText.Quote(list)} is no folder with records.ndjson, and there is no state in "
                    + $"{settings.WorkStore.Name} that could know a list of that id. Name two output folders, or the "
                    + "folder of the list's run: --out DIR.");
        settings.WorkStore.RequireExisting();
        return await StoreAccess.OpenAsync(settings, cancellationToken);
    }

    private async Task<IReadOnlyList<string>> LastTwoAsync(
        ILedger ledger, string series, CancellationToken cancellationToken)
    {
        var runs = await ledger.GetRunsAsync(series, cancellationToken).Take(2).ToListAsync(cancellationToken);
        return runs.Count == 2
            ? [runs[1].ListId, runs[0].ListId]
            : throw Unusable(
                runs.Count == 0
                    ? $"There is no series '{series}' in {settings.WorkStore.Name}. Start its first run: "
                        + Shell.Command(settings, $"run LIST --series {series}")
                    : $"Series '{series}' has one run, and two are compared. Start another: "
                        + Shell.Command(settings, $"run LIST --series {series} --again"));
    }

    private async Task<IAsyncEnumerable<RunInput>> ReadAsync(
        string run, ILedger? ledger, CancellationToken cancellationToken)
    {
        if (FolderRun.Exists(run))
            return new FolderRun(run, listId: null).ReadAsync(cancellationToken);
        if (ledger is null || await ledger.GetListAsync(run, cancellationToken) is not { } list)
            throw Unusable(
                $"{DisplayText.Quote(run)} is neither a folder with records.ndjson nor the id of a list in "
                    + $"{settings.WorkStore.Name}. '{Shell.Command(settings, "status --all")}' shows the lists there; "
                    + "--out DIR names the folder of another run.");
        if (list.Series is not null)
            return new LedgerRun(ledger).ReadAsync(run, cancellationToken);
        return FolderRun.Exists(settings.Out)
            ? new FolderRun(settings.Out, run).ReadAsync(cancellationToken)
            : throw Unusable(
                $"List {run} has no series, and its records are not in {settings.Out}. Name the folder of the run "
                    + "that wrote them (--out).");
    }

    private static PipelineException Unusable(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}
