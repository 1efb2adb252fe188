using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Doctor;
using Pipeline.Cli.Run;
using Pipeline.Cli.Serving;
using Pipeline.Cli.Settings;
using Pipeline.Model;
using Pipeline.Replay;

namespace Pipeline.Cli.Failures;

/// <summary>One <c>pipeline reprocess</c>, from the list to the exit code.</summary>
internal sealed class ReprocessJob(RunSettings settings, TextWriter progress)
{
    /// <summary>Reads the results of a list again, and works until its revision is closed.</summary>
    public async Task<int> RunAsync(string listId, CancellationToken cancellationToken)
    {
        settings.WorkStore.RequireExisting();
        // An emulator does not know what was posted to Nimble.
        if (settings.WorkStore.IsShared && settings.Api is null)
            throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                "Over a storage account, reprocess needs the API that the list was posted to. Set NIMBLE_API_KEY, or "
                    + "--api.");
        var console = Terminal.On(progress);
        Listener.Check(settings);
        await Preflight.CheckAsync(settings, cancellationToken);
        Folders.Prepare(settings, withOut: true);
        await using var host = await RunHost.StartAsync(settings, console.WriteWhole, cancellationToken);
        var revision = await host.Services.GetRequiredService<ReprocessStage>()
            .ReprocessAsync(listId, cancellationToken);
        console.WriteWhole($"The results of list {listId} are read again, as list {revision}. Nothing is posted.");
        return await RunJob.FinishAsync(
            host, settings, [revision], console, TimeProvider.System.GetUtcNow(), cancellationToken);
    }
}
