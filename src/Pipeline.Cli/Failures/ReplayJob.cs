using Microsoft.Extensions.DependencyInjection;
using Pipeline.Cli.Doctor;
using Pipeline.Cli.Run;
using Pipeline.Cli.Serving;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Replay;
using Pipeline.Steering;
using Spectre.Console;

namespace Pipeline.Cli.Failures;

/// <summary>One <c>pipeline replay</c>, from its failures to its exit code.</summary>
internal sealed class ReplayJob(RunSettings settings, Selection selection, bool resubmit, TextWriter progress)
{
    private readonly IAnsiConsole _console = Terminal.On(progress);

    /// <summary>Replays the failures and, unless others do the work, works until their lists are closed.</summary>
    public async Task<int> RunAsync(bool noWait, CancellationToken cancellationToken)
    {
        using var running = RunningHost.Find(settings);
        CheckUsage(noWait, running is not null);
        // Two processes cannot share an emulator; the one that runs does the work.
        if (running is not null && (noWait || settings.IsEmbedded))
            return await AskAsync(running, cancellationToken);
        if (noWait)
        {
            await Preflight.CheckAsync(settings, cancellationToken);
            await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
            await ReplayAsync(stores.Services, cancellationToken);
            return ExitCodes.Complete;
        }

        Listener.Check(settings);
        await Preflight.CheckAsync(settings, cancellationToken);
        Folders.Prepare(settings, withOut: true);
        await using var host = await RunHost.StartAsync(settings, _console.WriteWhole, cancellationToken);
        var ids = await ReplayAsync(host.Services, cancellationToken);
        return await RunJob.FinishAsync(
            host, settings, ids, _console, TimeProvider.System.GetUtcNow(), cancellationToken);
    }

    private Task<IReadOnlyList<string>> ReplayAsync(IServiceProvider services, CancellationToken cancellationToken) =>
        ReplayAsync(
            services,
            id => services.GetRequiredService<ListReplays>().ReplayAsync(
                id, input => selection.Matches(input.Id, input.Reason), resubmit, Operator.Name, cancellationToken),
            cancellationToken);

    private async Task<IReadOnlyList<string>> ReplayAsync(
        IServiceProvider services, Func<string, Task<ReplayCounts>> replay, CancellationToken cancellationToken)
    {
        var ids = await selection.FindListsAsync(
            services.GetRequiredService<ILedger>(), settings.WorkStore.Name, cancellationToken);
        var counts = ReplayCounts.None;
        foreach (var id in ids)
            counts += await replay(id);
        foreach (var line in Describe(counts))
            _console.WriteWhole(line);
        return ids;
    }

    /// <summary>Has the process that works in the folder do it.</summary>
    private async Task<int> AskAsync(RunningHost running, CancellationToken cancellationToken)
    {
        await using var stores = await StoreAccess.OpenAsync(settings, cancellationToken);
        await ReplayAsync(
            stores.Services, id => running.ReplayAsync(id, selection, resubmit, cancellationToken), cancellationToken);
        _console.WriteWhole(
            $"The process at {running.Address} works on them. See: '{Shell.Command(settings, "status --watch")}'");
        return ExitCodes.Complete;
    }

    private IEnumerable<string> Describe(ReplayCounts counts)
    {
        if (counts.Resubmitted > 0)
            yield return $"{Amount.Of(counts.Resubmitted, "input is", "inputs are")} posted again.";
        if (counts.Recollected > 0)
            yield return $"{Amount.Of(counts.Recollected, "result is", "results are")} read again.";
        if (counts.Found > 0)
            yield return Amount.Of(
                counts.Found, "input of an unknown submission was", "inputs of unknown submissions were")
                + " found accepted.";
        if (counts.Left > 0)
            yield return $"{Amount.Of(counts.Left, "input")} can only be posted again: "
                + $"{Shell.Command(settings, "replay")}{selection.Arguments} --resubmit";
        if (counts.Undone > 0)
            yield return $"{Amount.Of(counts.Undone, "input")} could not be replayed now. Run the same "
                + $"command again. {counts.Problem}";
        if (counts == ReplayCounts.None)
            yield return "There is nothing to replay.";
    }

    private void CheckUsage(bool noWait, bool isServed)
    {
        settings.WorkStore.RequireExisting();
        if (!settings.WorkStore.IsShared && noWait && !isServed)
            throw Wrong(
                "--no-wait needs others who do the work, and nobody works in this folder. Leave it out, start "
                    + $"'{Shell.Command(settings, "serve")}', or set AzureWebJobsStorage.");
        if (settings.WorkStore.IsShared && selection.Lists.Count == 0)
            throw Wrong(
                "Name the lists, because a storage account holds everybody's. 'pipeline failures' "
                    + "shows which have failures.");
        // An emulator does not know what was posted to Nimble.
        if (settings.WorkStore.IsShared && settings.Api is null)
            throw Wrong(
                "A replay over a storage account needs the API that its lists were posted to. Set "
                    + "NIMBLE_API_KEY, or --api.");
    }

    private static PipelineException Wrong(string message) =>
        PipelineException.Permanent(FailureReasons.InvalidConfiguration, message);
}
