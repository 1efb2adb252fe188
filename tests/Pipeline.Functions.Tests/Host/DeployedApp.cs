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
    private readonly Lock _changing = new();
    private Process? _worker;
    private Task _running = Task.CompletedTask;
    private bool _stops;

    private DeployedApp(AzuriteAccount account, FunctionsHost host, RunningEmulator emulator)
    {
        (Account, _connection, Host, _emulator) = (account.Open(), account.ConnectionString(), host, emulator);
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
    /// <param name="listener">What the test changes about the listener.</param>
    /// <param name="first">Variables of the first worker only.</param>
    public static async Task<DeployedApp> StartAsync(
        AzuriteAccount account, RunningEmulator emulator, ListenerOptions? listener = null,
        params (string Name, string Value)[] first)
    {
        var app = new DeployedApp(account, await FunctionsHost.StartAsync(), emulator);
        try
        {
            app._worker = app.StartWorker(first);
            await app.Host.LoadAsync(Folder);
            app._running = app.KeepRunningAsync();
            app.Listener = QueueListener.Build(
                app.Host, app._connection, (listener ?? new()) with { OnTimeout = app.RestartWorkerAsync });
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

    private Process StartWorker(params (string Name, string Value)[] more)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            typeof(MessageRunner).Assembly.Location, "--functions-uri", Host.WorkerEndpoint.AbsoluteUri,
            "--functions-worker-id", "worker-1", "--functions-request-id", "start",
            "--functions-grpc-max-message-length", "16777216",
        ]) { WorkingDirectory = Folder };
        start.Environment["FUNCTIONS_WORKER_DIRECTORY"] = Folder;
        start.Environment["FUNCTIONS_APPLICATION_DIRECTORY"] = Folder;
        foreach (var (name, value) in AppSettings.Of(Host, _emulator, _connection))
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        foreach (var (name, value) in more)
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException("The worker does not start.");
    }
}
