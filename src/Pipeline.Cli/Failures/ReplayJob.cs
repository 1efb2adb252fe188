using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Run;
using Pipeline.Stores.Local;
using Pipeline.Sweep;
using Spectre.Console;

namespace Pipeline.Cli.Failures;

/// <summary>One <c>pipeline replay</c>, from the failures it is about to its exit code.</summary>
internal sealed class ReplayJob(RunSettings settings, Selection selection, bool resubmit, TextWriter progress)
{
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(progress) });
        if (settings.Azure is not null)
            throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, "Replay works on the state of one machine, and AzureWebJobsStorage names a storage account. Unset it to replay what is in --state.");
        Selection.RequireState(settings.State);
        var listen = Listener.Choose(settings);
        await Preflight.CheckAsync(settings, cancellationToken);
        await using var host = await RunHost.StartAsync(settings, listen, cancellationToken);
        var ids = await selection.FindListsAsync(host.Services.GetRequiredService<LocalLedger>(), settings.State, cancellationToken);
        var counts = new ReplayCounts(0, 0, 0, 0);
        foreach (var id in ids)
            counts += await host.Services.GetRequiredService<ReplayStage>().ReplayAsync(id, input => selection.Matches(input.Id, input.Reason), resubmit, cancellationToken);
        console.WriteLine(resubmit
            ? $"{counts.Resubmitted} inputs are posted again."
            : $"{counts.Recollected} results are read again; {counts.Found} inputs of unknown submissions were found accepted; {counts.Left} can only be posted again (--resubmit).");
        return await RunJob.FinishAsync(host, settings, ids, console, cancellationToken);
    }
}
