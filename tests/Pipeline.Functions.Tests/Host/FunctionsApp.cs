using System.Reflection;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Emulator;
using Pipeline.Functions.Messages;
using Pipeline.Hosting;
using Pipeline.Ports;
using Pipeline.Stores.Azure.Records;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests.Host;

/// <summary>
/// The Functions app in its worker under a host, over a storage account in Azurite (as deployed, with the host's queue
/// listener) or over SQLite and files (without queue triggers). The emulator is the API.
/// </summary>
internal sealed class FunctionsApp : IAsyncDisposable
{
    private static readonly string Folder = Path.GetDirectoryName(typeof(MessageRunner).Assembly.Location)!;
    private readonly TempFolder _folder = new();
    private readonly FunctionsAppOptions _options;
    private IHost _worker = null!;

    private FunctionsApp(FunctionsAppOptions options) => _options = options;

    public FunctionsHost Host { get; private set; } = null!;

    public RunningEmulator Emulator { get; private set; } = null!;

    /// <summary>The listener of the host. There is one only over a storage account.</summary>
    public QueueListener Listener { get; private set; } = null!;

    /// <summary>The worker's services.</summary>
    public IServiceProvider Services => _worker.Services;

    public IWorkQueue Queue => Services.GetRequiredService<IWorkQueue>();

    public IWorkReceiver Receiver => Services.GetRequiredService<IWorkReceiver>();

    public ILedger Ledger => Services.GetRequiredService<ILedger>();

    /// <summary>Starts host, worker and emulator.</summary>
    public static async Task<FunctionsApp> StartAsync(FunctionsAppOptions options)
    {
        var app = new FunctionsApp(options);
        try
        {
            await app.StartPartsAsync();
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

    /// <summary>Returns a queue of the storage account, which exists then.</summary>
    public async Task<QueueClient> QueueAsync(string queue)
    {
        var client = _options.Azure!.Open().Queues.GetQueueClient(queue);
        await client.CreateIfNotExistsAsync();
        return client;
    }

    /// <summary>Returns the number of messages in a queue, including those that are invisible.</summary>
    public async Task<int> CountMessagesAsync(string queue) =>
        (await (await QueueAsync(queue)).GetPropertiesAsync()).Value.ApproximateMessagesCount;

    /// <summary>Sends a message as it is to a queue. Returns its id.</summary>
    public async Task<string> SendAsync(string queue, string text) =>
        (await (await QueueAsync(queue)).SendMessageAsync(text)).Value.MessageId;

    /// <summary>Sends a message as it is and waits until its first invocation has ended.</summary>
    public async Task<Delivery> DeliverAsync(string queue, string text)
    {
        var id = await SendAsync(queue, text);
        return await Host.WaitForDeliveryAsync(delivery => delivery.Id == id);
    }

    /// <summary>Returns the number of <c>records</c> or <c>failures</c> for consumers.</summary>
    public async Task<int> CountAsync(string kind)
    {
        if (_options.Azure is null)
            return File.Exists(_folder["out", $"{kind}.ndjson"])
                ? File.ReadAllLines(_folder["out", $"{kind}.ndjson"]).Length
                : 0;
        var container = _options.Azure.Open().Blobs.GetBlobContainerClient(kind);
        if (!await container.ExistsAsync())
            return 0;
        var blobs = await container.GetBlobsAsync(
            BlobTraits.Metadata, BlobStates.None, prefix: null, default).ToListAsync();
        return kind == "failures"
            ? blobs.Count
            : blobs.SelectMany(blob => RecordParts.RecordsOf(blob.Name, blob)).DistinctBy(record => record.Id).Count();
    }

    /// <summary>Returns the manifest of a list.</summary>
    public async Task<string> ManifestAsync(string listId) => (
        await _options.Azure!.Open().Blobs.GetBlobContainerClient("manifests")
            .GetBlobClient($"{listId}.json")
            .DownloadContentAsync()).Value.Content.ToString();

    public async ValueTask DisposeAsync()
    {
        if (Listener is not null)
            await Listener.DisposeAsync();
        if (_worker is not null)
        {
            await _worker.StopAsync();
            _worker.Dispose();
        }
        if (Host is not null)
            await Host.DisposeAsync();
        if (Emulator is not null)
            await Emulator.DisposeAsync();
        _folder.Dispose();
    }

    private async Task StartPartsAsync()
    {
        Emulator = await AppSettings.StartEmulatorAsync(_folder["emulator"], _options.Faults);
        Host = await FunctionsHost.StartAsync();
        _worker = _options.Azure is null ? await BuildLocalAsync() : Build(_options.ReplacePorts);
        await _worker.StartAsync(TestContext.Current.CancellationToken);
        await Host.LoadAsync(Folder);
        if (_options.Azure is null)
            return;
        Listener = QueueListener.Build(
            Host, _options.Azure.ConnectionString(queues: _options.Listener.Queues), _options.Listener);
        await Listener.StartAsync();
    }

    private async Task<IHost> BuildLocalAsync()
    {
        var database = await LocalDatabase.OpenAsync(_folder["state"], TestContext.Current.CancellationToken);
        var sink = await NdjsonRecordStore.OpenAsync(
            database, _folder["out"], NullLogger<NdjsonRecordStore>.Instance, TestContext.Current.CancellationToken);
        return Build(services =>
        {
            // Announcers add to each other. This one would wait for an account that is not there.
            services.Remove(services.Single(service => service.ImplementationType == typeof(QueueAnnouncer)));
            services.AddLocalStores(database, sink);
        });
    }

    /// <summary>Builds the host as Program.cs does, except that other ports may replace those to the account.</summary>
    private IHost Build(Action<IServiceCollection> replacePorts)
    {
        // The worker looks for the generated startup code in the entry assembly, which would be the test runner.
        Assembly.SetEntryAssembly(typeof(MessageRunner).Assembly);
        Environment.SetEnvironmentVariable("FUNCTIONS_WORKER_DIRECTORY", Folder);
        Environment.SetEnvironmentVariable("FUNCTIONS_APPLICATION_DIRECTORY", Folder);
        var builder = FunctionsApplication.CreateBuilder([]);
        builder.Configuration.AddInMemoryCollection(Settings());
        builder.ConfigurePipeline();
        replacePorts(builder.Services);
        return builder.Build();
    }

    private Dictionary<string, string?> Settings()
    {
        var settings = AppSettings.Of(
            Host, Emulator, _options.Azure?.ConnectionString() ?? "UseDevelopmentStorage=true");
        settings["Functions:Worker:HostEndpoint"] = Host.WorkerEndpoint.AbsoluteUri;
        settings["Functions:Worker:WorkerId"] = "worker-1";
        settings["Functions:Worker:RequestId"] = "start";
        settings["Functions:Worker:GrpcMaxMessageLength"] = "16777216";
        foreach (var (name, value) in _options.Settings)
            settings[name] = value;
        return settings;
    }
}

/// <summary>What a test changes about the app.</summary>
internal sealed record FunctionsAppOptions
{
    /// <summary>The storage account; null for SQLite and files.</summary>
    public AzuriteAccount? Azure { get; init; }

    /// <summary>Faults of the emulator.</summary>
    public string Faults { get; init; } = "";

    /// <summary>App settings that are added to the usual ones, or replace them.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings { get; init; } = [];

    /// <summary>Replaces ports of the worker.</summary>
    public Action<IServiceCollection> ReplacePorts { get; init; } = _ => { };

    /// <summary>What the test changes about the host's listener.</summary>
    public ListenerOptions Listener { get; init; } = new();
}
