using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Sweep.Lists;

/// <summary>
/// Closes every list whose submissions are all closed, and publishes its manifest. A slow close continues on its own:
/// neither other lists nor checks of submissions wait for it. An interrupted close is simply repeated.
/// </summary>
internal sealed partial class ListCloser(
    ILedger ledger,
    CompleteLists lists,
    ManifestWriter manifests,
    IsolatedSteps steps,
    LateWrites late,
    RunningCloses closes,
    TimeProvider time,
    ILogger<ListCloser> logger)
{
    /// <summary>Closes what is complete; returns what remains open.</summary>
    public async Task<OpenLists> CloseListsAsync(CancellationToken cancellationToken)
    {
        await CloseTouchedAsync(cancellationToken);
        var found = await lists.FindAsync(cancellationToken);
        await closes.RunAsync(found.Complete, CloseIsolatedAsync, cancellationToken);
        return found.Open;
    }

    /// <summary>Closes complete lists among those whose submissions this process has just closed.</summary>
    public async Task CloseTouchedAsync(CancellationToken cancellationToken) =>
        await closes.RunAsync(
            await lists.FindTouchedAsync(cancellationToken), CloseIsolatedAsync, cancellationToken);

    private async Task CloseIsolatedAsync(ListEntry list, CancellationToken cancellationToken)
    {
        // The check may be outdated: the list may have been closed meanwhile, or postponed.
        if (await ledger.GetListAsync(list.ListId, cancellationToken) is { State: ListState.Open } current)
            await steps.RunAsync(
                current,
                (open, token) => ListTrace.RunAsync(
                    "close list", ActivityKind.Internal, new(open.ListId),
                    () => late.RunAsync(open.ListId, () => CloseAsync(open, token))),
                cancellationToken);
    }

    private async Task CloseAsync(ListEntry list, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await manifests.PublishAsync(list, now, cancellationToken) is not { } manifest)
            return;
        CrashPoint.Pass("sweep.after-manifest");
        await ledger.UpdateListAsync(list with { State = ListState.Closed, ClosedAt = now }, cancellationToken);
        CrashPoint.Pass("sweep.after-close");
        PipelineMetrics.CountClosedList();
        PipelineMetrics.MeasureLag("list", now - list.CreatedAt);
        LogClosed(list.ListId, list.Inputs, manifest.Records, manifest.Failures);
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "List {ListId} is closed. Inputs: {Inputs}, records: {Records}, failures: {Failures}.")]
    private partial void LogClosed(string listId, long inputs, long records, long failures);
}
