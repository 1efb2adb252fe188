using System.Reflection;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Emulator;
using Pipeline.Stores.Local;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests.Host;

/// <summary>
/// The Functions app itself, in the worker, under a host: everything but the ports to Azure Storage is what is deployed. The API is the emulator.
/// </summary>
internal sealed class FunctionsApp : IAsyncDisposable
{
    private const string Key = "test-key-4711";
    private static readonly string Folder = Path.GetDirectoryName(typeof(MessageRunner).Assembly.Location)!;
    private readonly TempFolder _folder = new();
    private IHost _worker = null!;

    private FunctionsApp()
    {
    }

    public FunctionsHost Host { get; private set; } = null!;

    public RunningEmulator Emulator { get; private set; } = null!;

    /// <summary>The worker's services.</summary>
    public IServiceProvider Services => _worker.Services;

    public LocalWorkQueue Queue => Services.GetRequiredService<LocalWorkQueue>();

    public LocalLedger Ledger => Services.GetRequiredService<LocalLedger>();

    /// <summary>Starts host, worker and emulator.</summary>
    /// <param name="faults">The emulator's.</param>
    /// <param name="settings">App settings besides, or instead of, those below.</param>
    public static async Task<FunctionsApp> StartAsync(string faults = "", params (string Name, string Value)[] settings)
    {
        var app = new FunctionsApp();
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

    /// <summary>Lines of a file of the sink.</summary>
    public string[] Lines(string file) => File.Exists(_folder["out", file]) ? File.ReadAllLines(_folder["out", file]) : [];

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
            new() { DataFolder = _folder["emulator"], Faults = faults, ApiKey = Key, Storage = StorageMode.Own, CallbackBackoff = TimeSpan.FromMilliseconds(50) },
            TestContext.Current.CancellationToken);
        await Emulator.EnsureBucketAsync("results");
        Host = await FunctionsHost.StartAsync();
        var database = await LocalDatabase.OpenAsync(_folder["state"], TestContext.Current.CancellationToken);
        var sink = await NdjsonRecordSink.OpenAsync(database, _folder["out"], NullLogger<NdjsonRecordSink>.Instance, TestContext.Current.CancellationToken);
        _worker = Build(database, sink, settings);
        await _worker.StartAsync(TestContext.Current.CancellationToken);
        await Host.LoadAsync(Folder);
    }

    /// <summary>As Program.cs does, but for the ports.</summary>
    private IHost Build(LocalDatabase database, NdjsonRecordSink sink, (string Name, string Value)[] settings)
    {
        // The worker looks for the generated start-up code in the program that was started, which here is the test runner.
        Assembly.SetEntryAssembly(typeof(MessageRunner).Assembly);
        Environment.SetEnvironmentVariable("FUNCTIONS_WORKER_DIRECTORY", Folder);
        Environment.SetEnvironmentVariable("FUNCTIONS_APPLICATION_DIRECTORY", Folder);
        var builder = FunctionsApplication.CreateBuilder([]);
        builder.ConfigureFunctionsWebApplication();
        builder.Configuration.AddInMemoryCollection(Settings(settings));
        builder.Services
            .AddPipelineFunctions(builder.Configuration)
            .AddAzureStorage(builder.Configuration)
            .AddTelemetry(builder.Configuration)
            .AddLocalStores(database, sink);
        return builder.Build();
    }

    private IEnumerable<KeyValuePair<string, string?>> Settings((string Name, string Value)[] settings) => new Dictionary<string, string?>
    {
        ["Functions:Worker:HostEndpoint"] = Host.WorkerEndpoint.AbsoluteUri,
        ["Functions:Worker:WorkerId"] = "worker-1",
        ["Functions:Worker:RequestId"] = "start",
        ["Functions:Worker:GrpcMaxMessageLength"] = "16777216",
        ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
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
