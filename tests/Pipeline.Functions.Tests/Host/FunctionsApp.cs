using System.Reflection;
using Azure.Storage.Blobs.Models;
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
/// The Functions app in its worker under a host, over a storage account in Azurite (as deployed) or over SQLite and
/// files. The emulator is the API.
/// </summary>
internal sealed class FunctionsApp : IAsyncDisposable
{
    private const string Key = "test-key-4711";
    private static readonly string Folder = Path.GetDirectoryName(typeof(MessageRunner).Assembly.Location)!;
    private readonly TempFolder _folder = new();
    private IHost _worker = null!;

    private readonly AzuriteAccount? _azure;

    private FunctionsApp(AzuriteAccount? azure) => _azure = azure;

    public FunctionsHost Host { get; private set; } = null!;

    public RunningEmulator Emulator { get; private set; } = null!;

    /// <summary>The worker's services.</summary>
    public IServiceProvider Services => _worker.Services;

    public IWorkQueue Queue => Services.GetRequiredService<IWorkQueue>();

    public IWorkReceiver Receiver => Services.GetRequiredService<IWorkReceiver>();

    public ILedger Ledger => Services.GetRequiredService<ILedger>();

    /// <summary>Starts host, worker and emulator.</summary>
    /// <param name="faults">Faults of the emulator.</param>
    /// <param name="azure">The storage account; null for SQLite and files.</param>
    /// <param name="settings">App settings that are added to, or replace, those below.</param>
    public static async Task<FunctionsApp> StartAsync(
        string faults = "", AzuriteAccount? azure = null, params (string Name, string Value)[] settings)
    {
        var app = new FunctionsApp(azure);
        try
        {
            await app.StartPartsAsync(faults, settings);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns the number of <c>records</c> or <c>failures</c> for consumers.</summary>
    public async Task<int> CountAsync(string kind)
    {
        if (_azure is null)
            return File.Exists(_folder["out", $"{kind}.ndjson"])
                ? File.ReadAllLines(_folder["out", $"{kind}.ndjson"]).Length
                : 0;
        var container = _azure.Open().Blobs.GetBlobContainerClient(kind);
        if (!await container.ExistsAsync())
            return 0;
        var blobs = await container.GetBlobsAsync(
            BlobTraits.Metadata, BlobStates.None, prefix: null, default).ToListAsync();
        return kind == "failures"
            ? blobs.Count
            : blobs.SelectMany(blob => RecordParts.RecordsOf(blob.Name, blob)).DistinctBy(record => record.Id).Count();
    }

    /// <summary>Returns the manifest of a list.</summary>
    public async Task<string> ManifestAsync(string listId) => _azure is null
        ? await File.ReadAllTextAsync(_folder["out", "manifest.json"])
        : (
            await _azure.Open().Blobs.GetBlobContainerClient("manifests")
                .GetBlobClient($"{listId}.json")
                .DownloadContentAsync()).Value.Content.ToString();

    public async ValueTask DisposeAsync()
    {
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

    private async Task StartPartsAsync(string faults, (string Name, string Value)[] settings)
    {
        Emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new()
            {
                DataFolder = _folder["emulator"],
                Faults = faults,
                ApiKey = Key,
                Storage = StorageMode.Own,
                CallbackBackoff = TimeSpan.FromMilliseconds(50),
            },
            TestContext.Current.CancellationToken);
        await Emulator.EnsureBucketAsync("results");
        Host = await FunctionsHost.StartAsync();
        if (_azure is not null)
            _worker = Build(settings, _ => { });
        else
        {
            var database = await LocalDatabase.OpenAsync(_folder["state"], TestContext.Current.CancellationToken);
            var sink = await NdjsonRecordStore.OpenAsync(
                database, _folder["out"], NullLogger<NdjsonRecordStore>.Instance,
                TestContext.Current.CancellationToken);
            _worker = Build(settings, services =>
            {
                // Announcers add to each other. This one would wait for an account that is not there.
                services.Remove(services.Single(service => service.ImplementationType == typeof(QueueAnnouncer)));
                services.AddLocalStores(database, sink);
            });
        }
        await _worker.StartAsync(TestContext.Current.CancellationToken);
        await Host.LoadAsync(Folder);
    }

    /// <summary>Builds the host as Program.cs does, except that other ports may replace those to the account.</summary>
    private IHost Build((string Name, string Value)[] settings, Action<IServiceCollection> replacePorts)
    {
        // The worker looks for the generated startup code in the entry assembly, which would be the test runner.
        Assembly.SetEntryAssembly(typeof(MessageRunner).Assembly);
        Environment.SetEnvironmentVariable("FUNCTIONS_WORKER_DIRECTORY", Folder);
        Environment.SetEnvironmentVariable("FUNCTIONS_APPLICATION_DIRECTORY", Folder);
        var builder = FunctionsApplication.CreateBuilder([]);
        builder.Configuration.AddInMemoryCollection(Settings(settings));
        builder.ConfigurePipeline();
        replacePorts(builder.Services);
        return builder.Build();
    }

    private IEnumerable<KeyValuePair<string, string?>> Settings((string Name, string Value)[] settings) =>
        new Dictionary<string, string?>
    {
        ["Functions:Worker:HostEndpoint"] = Host.WorkerEndpoint.AbsoluteUri,
        ["Functions:Worker:WorkerId"] = "worker-1",
        ["Functions:Worker:RequestId"] = "start",
        ["Functions:Worker:GrpcMaxMessageLength"] = "16777216",
        ["AzureWebJobsStorage"] = _azure?.ConnectionString() ?? "UseDevelopmentStorage=true",
        ["NIMBLE_API_KEY"] = Key,
        ["AWS_ENDPOINT_URL_S3"] = Emulator.S3Endpoint.AbsoluteUri,
        ["AWS_ACCESS_KEY_ID"] = "test",
        ["AWS_SECRET_ACCESS_KEY"] = "test",
        ["Pipeline:Nimble:BaseUrl"] = Emulator.BaseAddress.AbsoluteUri,
        ["Pipeline:Nimble:RequestsPerSecond"] = "1000",
        ["Pipeline:Delivery:StorageUrl"] = "s3://results/app/",
        ["Pipeline:Delivery:CallbackBase"] = Host.PublicAddress.AbsoluteUri,
        ["Pipeline:Delivery:CallbackKeys:0"] = Convert.ToBase64String(new byte[32]),
        ["Pipeline:Collect:RetryDelay"] = "00:00:00.1",
        ["Pipeline:Sweep:WebhookGrace"] = "00:00:01",
        ["Pipeline:Sweep:PollInterval"] = "00:00:00.2",
    }.Concat(settings.Select(s => KeyValuePair.Create(s.Name, (string?)s.Value)))
        .GroupBy(s => s.Key).Select(g => g.Last());
}
