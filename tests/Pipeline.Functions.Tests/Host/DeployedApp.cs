using System.Diagnostics;
using Pipeline.Emulator;
using Pipeline.Functions.Messages;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests.Host;

/// <summary>
/// The Functions app as deployed: a process of its own, started by the host and started again when it ends, over a
/// storage account in Azurite.
/// </summary>
internal sealed class DeployedApp : IAsyncDisposable
{
    private static readonly string Folder = Path.GetDirectoryName(typeof(MessageRunner).Assembly.Location)!;

    private readonly string _connection;
    private readonly RunningEmulator _emulator;
    private readonly DeployedAppOptions _options;
    private readonly Lock _changing = new();
    private Process? _worker;
    private Task _running = Task.CompletedTask;
    private bool _stops;

    private DeployedApp(
        AzuriteAccount account, FunctionsHost host, RunningEmulator emulator, DeployedAppOptions options)
    {
        (Account, _connection, Host, _emulator, _options) = (
            account.Open(), account.ConnectionString(), host, emulator, options);
        Queue = new StorageWorkQueue(Account, new ClaimChecks(Account, TimeProvider.System));
        Ledger = new TableLedger(Account, TimeProvider.System);
    }

    public AzureAccount Account { get; }

    public FunctionsHost Host { get; }

    public QueueListener Listener { get; private set; } = null!;

    public IWorkQueue Queue { get; }

    public ILedger Ledger { get; }

    /// <summary>Starts a host and its worker.</summary>
    /// <param name="account">The storage account, which hosts may share.</param>
    /// <param name="emulator">The API, which hosts may share.</param>
    /// <param name="options">What the test changes.</param>
    public static async Task<DeployedApp> StartAsync(
        AzuriteAccount account, RunningEmulator emulator, DeployedAppOptions options)
    {
        var app = new DeployedApp(account, await FunctionsHost.StartAsync(), emulator, options);
        try
        {
            app._worker = app.StartWorker(options.CrashAt);
            await app.Host.LoadAsync(Folder);
            app._running = app.KeepRunningAsync();
            app.Listener = QueueListener.Build(
                app.Host, app._connection, options.Listener with { OnTimeout = app.RestartWorkerAsync });
            await app.Listener.StartAsync();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns a client of the HTTP functions that has the function key.</summary>
    public HttpClient Client() => new()
    {
        BaseAddress = Host.PublicAddress,
        DefaultRequestHeaders = { { "x-functions-key", HttpFront.FunctionKey } },
    };

    /// <summary>Ends the worker with all that it does. The host starts another.</summary>
    public Task RestartWorkerAsync()
    {
        lock (_changing)
            _worker?.Kill(entireProcessTree: true);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (Listener is not null)
            await Listener.DisposeAsync();
        _stops = true;
        await RestartWorkerAsync();
        await _running;
        _worker?.Dispose();
        await Host.DisposeAsync();
    }

    /// <summary>Starts the worker again whenever it ends.</summary>
    private async Task KeepRunningAsync()
    {
        while (true)
        {
            await _worker!.WaitForExitAsync();
            Host.ForgetWorker();
            lock (_changing)
            {
                if (_stops)
                    return;
                _worker.Dispose();
                _worker = StartWorker();
            }
            await Host.LoadAsync(Folder);
        }
    }

    private Process StartWorker(string crashAt = "") => WorkerProcess.Start(
        Host, typeof(MessageRunner).Assembly.Location, Folder,
        [
            .. AppSettings.Of(Host, _emulator, _connection).Select(
                setting => (setting.Key.Replace(":", "__", StringComparison.Ordinal), setting.Value)),
            .. _options.Settings.Select(setting => (setting.Name, (string?)setting.Value)),
            ("PIPELINE_CRASH_AT", crashAt),
        ]);
}

/// <summary>What a test changes about the deployed app.</summary>
internal sealed record DeployedAppOptions
{
    /// <summary>App settings that are added to the usual ones, or replace them, as environment variables.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings { get; init; } = [];

    /// <summary>The boundary at which the first worker kills itself; empty for none.</summary>
    public string CrashAt { get; init; } = "";

    /// <summary>What the test changes about the host's listener.</summary>
    public ListenerOptions Listener { get; init; } = new();
}
