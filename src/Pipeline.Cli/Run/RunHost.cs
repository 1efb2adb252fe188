using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Collect;
using Pipeline.Emulator;
using Pipeline.Hosting;
using Pipeline.Intake;
using Pipeline.Ledger;
using Pipeline.Ports;
using Pipeline.Stores.Local;
using Pipeline.Submit;
using Pipeline.Sweep;

namespace Pipeline.Cli.Run;

/// <summary>The stages on one machine: SQLite and files, a listener for webhooks, and the emulator where there is no API.</summary>
internal sealed class RunHost : IAsyncDisposable
{
    private const string EmbeddedBucket = "s3://pipeline-results/";
    private const double EmbeddedRequestsPerSecond = 1000;
    private readonly Stack<IAsyncDisposable> _parts = new();
    private readonly LocalRunnerOptions _runnerOptions = new();
    private WebApplication _app = null!;

    public IServiceProvider Services => _app.Services;

    /// <summary>Starts everything but the work itself.</summary>
    public static async Task<RunHost> StartAsync(RunSettings settings, Uri listen, CancellationToken cancellationToken)
    {
        var host = new RunHost();
        try
        {
            await host.StartPartsAsync(settings, listen, cancellationToken);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Works until the lists are closed.</summary>
    public async Task RunAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken)
    {
        var ledger = Services.GetRequiredService<ILedger>();
        var deadLetters = Services.GetRequiredService<DeadLetterStage>();
        Exception? refusedList = null;
        var runner = new LocalRunner(
            Services.GetRequiredService<IWorkReceiver>(),
            [
                new(QueueNames.UrlLists, 1, Services.GetRequiredService<IntakeStage>().HandleAsync),
                new(QueueNames.Submissions, 2, Services.GetRequiredService<SubmitStage>().HandleAsync),
                new(QueueNames.Results, 16 * Environment.ProcessorCount, Services.GetRequiredService<CollectStage>().HandleAsync),
            ],
            Services.GetRequiredService<SweepStage>().HandleAsync,
            (queue, body, error, token) =>
            {
                if (queue == QueueNames.UrlLists)
                    refusedList = error;
                return deadLetters.HandleAsync(queue, body, error, token);
            },
            _runnerOptions,
            TimeProvider.System,
            new Random(),
            Services.GetRequiredService<ILogger<LocalRunner>>());
        await runner.RunAsync(async token =>
        {
            if (refusedList is not null)
                return true;
            foreach (var id in listIds)
                if (await ledger.GetListAsync(id, token) is not { State: ListState.Closed })
                    return false;
            return true;
        }, cancellationToken);
        if (refusedList is not null)
            throw refusedList;
        cancellationToken.ThrowIfCancellationRequested();
    }

    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
            await part.DisposeAsync();
    }

    private async Task StartPartsAsync(RunSettings settings, Uri listen, CancellationToken cancellationToken)
    {
        settings.Tuning.GetSection("Runner").Bind(_runnerOptions);
        var emulator = settings.IsEmbedded ? await StartEmulatorAsync(settings, cancellationToken) : null;
        var database = await LocalDatabase.OpenAsync(settings.State, cancellationToken);
        _parts.Push(database);
        using var logs = LoggerFactory.Create(logging => Configure(logging, settings));
        var sink = await NdjsonRecordSink.OpenAsync(database, settings.Out, logs.CreateLogger<NdjsonRecordSink>(), cancellationToken);
        _app = Build(settings, emulator, listen, database, sink);
        _parts.Push(_app);
        await Listener.StartAsync(_app, settings, listen, cancellationToken);
    }

    private async Task<RunningEmulator> StartEmulatorAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            var options = new EmulatorOptions
            {
                DataFolder = Path.Combine(settings.State, "emulator"),
                Faults = settings.Faults ?? "",
                Storage = settings.StoresAreOutside ? StorageMode.Outside : StorageMode.Own,
            };
            var emulator = await Emulator.Emulator.StartAsync(options, cancellationToken);
            _parts.Push(emulator);
            emulator.EnsureBucket(ObjectUri.Parse(settings.StorageUrl ?? EmbeddedBucket).Bucket);
            return emulator;
        }
        catch (Exception problem) when (problem is IOException or FormatException)
        {
            throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, $"The emulator cannot start: {problem.Message}", problem);
        }
    }

    private static WebApplication Build(RunSettings settings, RunningEmulator? emulator, Uri listen, LocalDatabase database, NdjsonRecordSink sink)
    {
        var builder = WebApplication.CreateSlimBuilder();
        Configure(builder.Logging, settings);
        builder.WebHost.UseUrls(listen.AbsoluteUri).ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = Callback.CallbackStage.MaxBodyBytes + 1);
        builder.Services
            .AddPipeline(options =>
            {
                settings.Apply(options);
                if (emulator is not null)
                    ApplyEmulator(options, settings, emulator);
                options.Delivery.CallbackBase ??= options.Nimble.BaseUrl.IsLoopback ? listen : null;
                options.Delivery.CallbackKeys.Add(Folders.CallbackKey(settings));
                options.Intake.SourcePrefixes.Add(ObjectUri.ForFile(ListFiles.Folder(settings)).AsPrefix().ToString());
                options.Collect.SpillFolder = Folders.Spill(settings);
                settings.Tuning.GetSection("Pipeline").Bind(options);
            })
            .AddLocalStores(database, sink)
            .AddCloudObjects(emulator is null || settings.StoresAreOutside
                ? settings.Stores
                : settings.Stores with { S3Endpoint = emulator.S3Endpoint, S3AccessKey = "local", S3SecretKey = "local", GcsEndpoint = emulator.GcsEndpoint.AbsoluteUri });
        var app = builder.Build();
        app.MapCallbacks();
        app.MapStatus();
        return app;
    }

    private static void ApplyEmulator(PipelineOptions options, RunSettings settings, RunningEmulator emulator)
    {
        options.Nimble.BaseUrl = emulator.BaseAddress;
        options.Nimble.RequestsPerSecond = EmbeddedRequestsPerSecond;
        options.Delivery.StorageUrl = settings.StorageUrl ?? EmbeddedBucket;
    }

    private static void Configure(ILoggingBuilder logging, RunSettings settings)
    {
        logging.ClearProviders();
        if (settings.Verbose)
            logging.AddSimpleConsole(console => console.SingleLine = true)
                .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace)
                .AddFilter("Microsoft", LogLevel.Warning);
    }
}
