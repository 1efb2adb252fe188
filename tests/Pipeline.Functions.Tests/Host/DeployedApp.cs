using System.Diagnostics;
using Pipeline.Emulator;
using Pipeline.Functions.Messages;
using Pipeline.Functions.Tests.Host.Protocol;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Ledger;
using Pipeline.Stores.Azure.Queues;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests.Host;

/// <summary>
/// The Functions app as deployed: a process of its own, started as the host starts it, over a storage account in
/// Azurite. The emulator is the API.
/// </summary>
internal sealed class DeployedApp : IAsyncDisposable
{
    private const string Key = "test-key-4711";
    private readonly TempFolder _folder;
    private readonly StorageQueueReceiver _receiver;
    private Process? _worker;

    private DeployedApp(TempFolder folder, AzuriteAccount account, FunctionsHost host, RunningEmulator emulator)
    {
        _folder = folder;
        (Account, Host, Emulator) = (account.Open(), host, emulator);
        var claims = new ClaimChecks(Account, TimeProvider.System);
        var queue = new StorageWorkQueue(Account, claims);
        (Queue, _receiver, ConnectionString) = (
            queue, new(queue, claims, TimeProvider.System), account.ConnectionString());
        Ledger = new TableLedger(Account, TimeProvider.System);
    }

    public AzureAccount Account { get; }

    public FunctionsHost Host { get; }

    public RunningEmulator Emulator { get; }

    public IWorkQueue Queue { get; }

    public ILedger Ledger { get; }

    private string ConnectionString { get; }

    public static async Task<DeployedApp> StartAsync(AzuriteAccount account)
    {
        var folder = new TempFolder();
        var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new()
            {
                DataFolder = folder.Path,
                ApiKey = Key,
                Storage = StorageMode.Own,
                CallbackBackoff = TimeSpan.FromMilliseconds(50),
            },
            TestContext.Current.CancellationToken);
        await emulator.EnsureBucketAsync("results");
        var app = new DeployedApp(folder, account, await FunctionsHost.StartAsync(), emulator);
        app._worker = app.StartWorker();
        await app.Host.LoadAsync(Path.GetDirectoryName(typeof(MessageRunner).Assembly.Location)!);
        return app;
    }

    /// <summary>Delivers everything that is visible now, once, as the host's queue extension does.</summary>
    public async Task<int> DeliverAsync(CancellationToken cancellationToken)
    {
        var delivered = 0;
        foreach (var (queue, function, deadLetters) in QueueListener.Triggers)
        {
            delivered += await DeliverAsync(queue, function, cancellationToken);
            delivered += await DeliverAsync(queue + QueueNames.PoisonSuffix, deadLetters, cancellationToken);
        }
        return delivered;
    }

    public async ValueTask DisposeAsync()
    {
        if (_worker is not null)
        {
            _worker.Kill(entireProcessTree: true);
            await _worker.WaitForExitAsync();
            _worker.Dispose();
        }
        await Host.DisposeAsync();
        await Emulator.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<int> DeliverAsync(string queue, string function, CancellationToken cancellationToken)
    {
        var messages = (await _receiver.ReceiveAsync(queue, 32, TimeSpan.FromMinutes(10), cancellationToken)).Messages;
        await Task.WhenAll(messages.Select(async message =>
        {
            var result = await Host.InvokeQueueAsync(function, message.Text, message.DequeueCount);
            await (result.Status == StatusResult.Types.Status.Success ? _receiver.CompleteAsync(message,
                cancellationToken)
                : message.DequeueCount < Tries.Max ? _receiver.AbandonAsync(
                    message, TimeSpan.Zero, "The function failed.", cancellationToken)
                : _receiver.DeadLetterAsync(message, "The function failed all its tries.", cancellationToken));
        }));
        return messages.Count;
    }

    private Process StartWorker()
    {
        var assembly = typeof(MessageRunner).Assembly.Location;
        var folder = Path.GetDirectoryName(assembly)!;
        var start = new ProcessStartInfo("dotnet",
        [
            assembly, "--functions-uri", Host.WorkerEndpoint.AbsoluteUri, "--functions-worker-id", "worker-1",
            "--functions-request-id", "start", "--functions-grpc-max-message-length", "16777216",
        ]) { WorkingDirectory = folder };
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["FUNCTIONS_WORKER_DIRECTORY"] = folder,
            ["FUNCTIONS_APPLICATION_DIRECTORY"] = folder,
            ["AzureWebJobsStorage"] = ConnectionString,
            ["NIMBLE_API_KEY"] = Key,
            ["AWS_ENDPOINT_URL_S3"] = Emulator.S3Endpoint.AbsoluteUri,
            ["AWS_ACCESS_KEY_ID"] = "test",
            ["AWS_SECRET_ACCESS_KEY"] = "test",
            ["Pipeline__Nimble__BaseUrl"] = Emulator.BaseAddress.AbsoluteUri,
            ["Pipeline__Nimble__RequestsPerSecond"] = "1000",
            ["Pipeline__Delivery__StorageUrl"] = "s3://results/app/",
            ["Pipeline__Delivery__CallbackBase"] = Host.PublicAddress.AbsoluteUri,
            ["Pipeline__Delivery__CallbackKeys__0"] = Convert.ToBase64String(new byte[32]),
            ["Pipeline__Collect__RetryDelay"] = "00:00:01",
            ["Pipeline__Sweep__WebhookGrace"] = "00:00:01",
        })
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException("The worker does not start.");
    }
}
