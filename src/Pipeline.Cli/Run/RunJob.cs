using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Ledger;
using Spectre.Console;

namespace Pipeline.Cli.Run;

/// <summary>One <c>pipeline run</c>, from its lists to its exit code.</summary>
internal sealed class RunJob(RunSettings settings, TextWriter progress)
{
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(progress) });
        await using var lists = new ListFiles(settings, console);
        await lists.InspectAsync(cancellationToken);
        var listen = Listener.Choose(settings);
        await Preflight.CheckAsync(settings, cancellationToken);
        Folders.Prepare(settings, withOut: true);
        await using var host = await RunHost.StartAsync(settings, listen, cancellationToken);
        console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[grey]Status: {listen}[/]");
        var ids = await lists.SubmitAsync(host.Services, cancellationToken);
        return await FinishAsync(host, settings, ids, console, cancellationToken);
    }

    /// <summary>Works until the lists are closed, shows how far they are, and sums up.</summary>
    public static async Task<int> FinishAsync(
        RunHost host, RunSettings settings, IReadOnlyList<string> ids, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var ledger = host.Services.GetRequiredService<ILedgerCounts>();
        var before = await ledger.CountAsync(ids, cancellationToken);
        var started = TimeProvider.System.GetTimestamp();
        try
        {
            await new ProgressView(console, host.Services, ids).WatchAsync(token => host.RunAsync(ids, token), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            console.WriteLine("Stopped. Nothing is lost: the same command goes on where this one stopped.");
            return ExitCodes.Error;
        }

        if (settings.Azure is not null)
            await new DeliveredResults(settings, host.Services).FetchAsync(ids, cancellationToken);
        var finished = (await ledger.CountAsync(ids, cancellationToken)).Finished - before.Finished;
        return await Summary.WriteAsync(console, settings, ids, finished / TimeProvider.System.GetElapsedTime(started).TotalSeconds, cancellationToken);
    }
}
