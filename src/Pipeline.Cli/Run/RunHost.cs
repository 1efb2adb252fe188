using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Cli.Serving;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Stores;
using Pipeline.Dashboard.Pages;
using Pipeline.Hosting;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Settings;
using Pipeline.Stores.Local;

namespace Pipeline.Cli.Run;

/// <summary>
/// The stages in one process, over a folder of this machine or a storage account, with a listener for webhooks, and
/// with the emulator where there is no API.
/// </summary>
internal sealed class RunHost : IAsyncDisposable
{
    // A run must end by itself, so it does not wait for ever for a list whose manifest cannot be written.
    private const int MaxFaults = 5;

    // A receiver that is down gets its notifications from the next run, or from 'pipeline serve'.
    private static readonly TimeSpan NotifyWithin = TimeSpan.FromSeconds(30);

    // Preparing the pages takes processor time that a short run needs itself; nobody opens a page sooner.
    private static readonly TimeSpan WarmUpAfter = TimeSpan.FromSeconds(5);

    private readonly Stack<IAsyncDisposable> _parts = new();
    private QueueHostOptions _runnerOptions = null!;
    private bool _isShared;
    private OpenWorkStore _store = null!;
    private WebApplication _app = null!;
    private PageWarmup? _warmup;

    public IServiceProvider Services => _app.Services;

    /// <summary>Where webhooks and the dashboard are served.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>How long a message stays away whose worker was killed.</summary>
    public TimeSpan Lease => _runnerOptions.Visibility;

    /// <summary>Starts everything but the work itself.</summary>
    /// <param name="settings">What the command was asked for.</param>
    /// <param name="say">Gets, in sentences, what the user may not expect.</param>
    /// <param name="cancellationToken">Stops the start.</param>
    public static async Task<RunHost> StartAsync(
        RunSettings settings, Action<string> say, CancellationToken cancellationToken)
    {
        var host = new RunHost();
        try
        {
            await host.StartPartsAsync(settings, say, cancellationToken);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Works until the lists are closed.</summary>
    /// <param name="listIds">The lists.</param>
    /// <param name="atLeast">How long to work even if they are.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public async Task RunAsync(IReadOnlyList<string> listIds, TimeSpan atLeast, CancellationToken cancellationToken)
    {
        WarmUp(WarmUpAfter);
        var runner = CreateRunner();
        var started = TimeProvider.System.GetTimestamp();
        long? closed = null;
        // Work that was under way when all lists were closed is finished too, and may have opened one again.
        do
        {
            await runner.RunAsync(
                async token =>
                    await FindRefusedAsync(listIds, token) is not null
                    || (
                        TimeProvider.System.GetElapsedTime(started) >= atLeast
                        && await AreClosedAsync(listIds, token)
                        && await AreExportedAsync(token)
                        && await AreNotifiedAsync(closed ??= TimeProvider.System.GetTimestamp(), token)
                        && await AreAnnouncedAsync(listIds, closed.Value, token)),
                cancellationToken);
            if (await FindRefusedAsync(listIds, cancellationToken) is { } refused)
                throw PipelineException.Permanent(
                    FailureReasons.InvalidInput,
                    $"{refused.Source ?? refused.ListId}: {refused.Message}");
            cancellationToken.ThrowIfCancellationRequested();
        } while (!await AreClosedAsync(listIds, cancellationToken) || !await AreExportedAsync(cancellationToken));
    }

    /// <summary>Works on whatever comes until it is stopped.</summary>
    public Task ServeAsync(CancellationToken cancellationToken)
    {
        // Failing sweeps end a run, which somebody waits for. A server goes on with all that does not need a sweep.
        _runnerOptions.MaxSweepFailures = int.MaxValue;
        WarmUp(TimeSpan.Zero);
        return CreateRunner().RunAsync(_ => Task.FromResult(false), cancellationToken);
    }

    /// <summary>
    /// Whether manifests and records agree. A worker may have been killed after it wrote a record whose input was just
    /// given up; its message comes again, and then the record counts.
    /// </summary>
    public Task<bool> AreDeliveredAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken) =>
        _store.AreDeliveredAsync(Services, listIds, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        // The answers to webhooks are finished before their services go away.
        if (_parts.Contains(_app))
            await _app.StopAsync();
        while (_parts.TryPop(out var part))
            await part.DisposeAsync();
    }

    private async Task<bool> AreClosedAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken)
    {
        var ledger = Services.GetRequiredService<ILedger>();
        ListEntry? stuck = null;
        foreach (var id in listIds)
        {
            var list = await ledger.GetListAsync(id, cancellationToken);
            if (list?.Setback is { Faults: >= MaxFaults })
                stuck = list;
            else if (list?.State != ListState.Closed)
                return false;
        }

        return stuck is null
            ? true
            : throw PipelineException.Permanent(
                FailureReasons.Internal,
                $"List {stuck.ListId} cannot be closed: {stuck.Setback!.Message} Its records are in the files. Run the "
                    + "same command again to try once more.");
    }

    /// <summary>Whether no export of a closed list waits to be written.</summary>
    private async Task<bool> AreExportedAsync(CancellationToken cancellationToken) =>
        Services.GetRequiredService<IOptions<PipelineOptions>>().Value.Export.Format == ClosedListFormat.None
        || !await Services.GetRequiredService<IWorkReceiver>().HasVisibleAsync(QueueNames.Exports, cancellationToken);

    /// <summary>Whether every notification was tried; one that failed is tried again later.</summary>
    private async Task<bool> AreNotifiedAsync(long closed, CancellationToken cancellationToken) =>
        Services.GetRequiredService<IOptions<PipelineOptions>>().Value.Notify.Url is null
        || TimeProvider.System.GetElapsedTime(closed) >= NotifyWithin
        || !await Services.GetRequiredService<IWorkReceiver>().HasVisibleAsync(
            QueueNames.Notifications, cancellationToken);

    /// <summary>
    /// Whether all records are announced. If a worker was killed after it wrote records to the ledger, its message
    /// returns when its lease ends, and whoever handles it announces them: this run too, so a message that has returned
    /// is waited for. While other lists are open, the workers that continue them will do so.
    /// </summary>
    private async Task<bool> AreAnnouncedAsync(
        IReadOnlyList<string> listIds, long closed, CancellationToken cancellationToken)
    {
        if (!_isShared)
            return true;
        var queue = Services.GetRequiredService<IWorkReceiver>();
        var isPending = TimeProvider.System.GetElapsedTime(closed) < Lease
            ? await queue.CountAsync(QueueNames.Results, cancellationToken) > 0
            : await queue.HasVisibleAsync(QueueNames.Results, cancellationToken);
        return !isPending
            || await Services.GetRequiredService<ILedger>().GetOpenListsAsync(cancellationToken)
                .AnyAsync(list => !listIds.Contains(list.ListId), cancellationToken);
    }

    private async Task<ListEntry?> FindRefusedAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken)
    {
        var ledger = Services.GetRequiredService<ILedger>();
        foreach (var id in listIds)
            if (await ledger.GetListAsync(id, cancellationToken) is { State: ListState.Refused } refused)
                return refused;
        return null;
    }

    private void WarmUp(TimeSpan after) => _warmup ??= Add(PageWarmup.Start(Services, after));

    private QueueHost CreateRunner() => PipelineWorker.CreateHost(Services, _runnerOptions);

    private async Task StartPartsAsync(RunSettings settings, Action<string> say, CancellationToken cancellationToken)
    {
        _isShared = settings.WorkStore.IsShared;
        _runnerOptions = settings.WorkStore.RunnerDefaults;
        SettingBinder.Bind(settings.Given, SettingsCatalog.Runner, "Runner", _runnerOptions);
        // First of all, since it claims the folder: what is said of an address would be wrong where another run has it.
        var emulator = settings.IsEmbedded
            ? Add(await EmbeddedEmulator.StartAsync(settings, cancellationToken))
            : null;
        _store = Add(await settings.WorkStore.OpenForHostAsync(cancellationToken));
        Address = Listener.Choose(settings, say);
        if (KeptAddresses.CallbackBase(settings) is { } kept)
            say($"Nimble calls {kept}, as in the last run. {RunOptions.CallbackBase.Name} names another address.");
        _app = Add(HostApp.Build(settings, emulator, Address, _store.AddTo));
        Add(
            new HealthNote(
                settings.State, () => Services.GetRequiredService<StoreHealth>().Problem, TimeProvider.System));
        await Listener.StartAsync(_app, settings, Address, cancellationToken);
    }

    private T Add<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Push(part);
        return part;
    }
}
