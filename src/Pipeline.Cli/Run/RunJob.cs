using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Doctor;
using Pipeline.Cli.Lists;
using Pipeline.Cli.Notify;
using Pipeline.Cli.Serving;
using Pipeline.Cli.Settings;
using Pipeline.Model;
using Pipeline.Ports;
using Spectre.Console;

namespace Pipeline.Cli.Run;

/// <summary>One <c>pipeline run</c>, from its lists to its exit code.</summary>
internal sealed class RunJob(RunSettings settings, TextWriter progress)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var console = Terminal.On(progress);
        var notices = settings.Quiet ? Terminal.On(TextWriter.Null) : console;
        await using var lists = new ListFiles(settings, console);
        await lists.InspectAsync(cancellationToken);
        Listener.Check(settings);
        await Preflight.CheckAsync(settings, cancellationToken);
        Folders.Prepare(settings, withOut: true);
        var isKnown = settings.Quiet && Directory.Exists(EmbeddedEmulator.FolderOf(settings));
        await using var host = await RunHost.StartAsync(settings, console.WriteWhole, cancellationToken);
        if (settings.IsEmbedded && !isKnown)
            console.Say(Terminal.Warning, EmulatorNotice.Text);
        notices.WriteWhole($"Status: {host.Address}");
        try
        {
            var ids = await lists.SubmitAsync(host.Services, cancellationToken);
            var exitCode = await FinishAsync(
                host, settings, ids, console, lists.StartedAt, cancellationToken);
            if (exitCode != ExitCodes.Interrupted)
                lists.Complete();
            return exitCode;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return SayStopped(console);
        }
    }

    /// <summary>Works until the lists are closed, shows progress, and writes the summary.</summary>
    /// <param name="host">The stages.</param>
    /// <param name="settings">What the command was asked for.</param>
    /// <param name="ids">The lists.</param>
    /// <param name="console">Where to show it.</param>
    /// <param name="since">When the clock began.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static async Task<int> FinishAsync(
        RunHost host, RunSettings settings, IReadOnlyList<string> ids, IAnsiConsole console, DateTimeOffset since,
        CancellationToken cancellationToken)
    {
        var ledger = host.Services.GetRequiredService<ILedgerCounts>();
        var before = await ledger.CountAsync(ids, cancellationToken);
        var started = TimeProvider.System.GetTimestamp();
        var notices = settings.Quiet ? Terminal.On(TextWriter.Null) : console;
        var view = new ProgressView(
            console, host.Services, ids,
            new(host.Services, ids, since, settings.IsEmbedded ? "the emulator" : "Nimble"), settings.Quiet,
            settings.StateArguments);
        var others = new OtherLists(host.Services, settings, ids, notices);
        await others.SayAtStartAsync(cancellationToken);
        try
        {
            var wait = TimeSpan.Zero;
            do
            {
                if (wait > 2 * host.Lease)
                    throw PipelineException.Transient(
                        FailureReasons.Unavailable,
                        "Some records are not in the manifest, and no worker adds them. Run the same command "
                            + $"again to continue; '{Shell.Command(settings, "status")}' shows what was counted.");
                await view.WatchAsync(token => host.RunAsync(ids, wait, token), cancellationToken);
                wait = wait == TimeSpan.Zero ? FirstWait : 2 * wait;
            }
            while (!await host.AreDeliveredAsync(ids, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return SayStopped(console);
        }

        var finished = (await ledger.CountAsync(ids, cancellationToken)).Finished - before.Finished;
        var perSecond = finished / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        var exitCode = await new Summary(notices, settings, host.Services).WriteAsync(
            ids, perSecond, TimeProvider.System.GetUtcNow() - since, cancellationToken);
        await others.SayAtEndAsync(cancellationToken);
        foreach (var line in await UndeliveredNote.ReadAsync(host.Services, settings, cancellationToken))
            console.WriteWhole(line);
        return exitCode;
    }

    private static int SayStopped(IAnsiConsole console)
    {
        console.WriteLine("Stopped. Nothing is lost; the same command continues.");
        return ExitCodes.Interrupted;
    }
}
