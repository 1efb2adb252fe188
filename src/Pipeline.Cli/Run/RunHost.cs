using System.Data.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Pipeline.Collect;
using Pipeline.Emulator;
using Pipeline.Hosting;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Settings;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Records;
using Pipeline.Submit;
using Pipeline.Sweep;

namespace Pipeline.Cli.Run;

/// <summary>The stages in one process, over SQLite and files or over Azure Storage, with a listener for webhooks, and the emulator where there is no API.</summary>
internal sealed class RunHost : IAsyncDisposable
{
    private const string EmbeddedBucket = "s3://pipeline-results/";
    private const double EmbeddedRequestsPerSecond = 1000;

    // A run ends by itself, so it does not wait for ever for a list whose manifest cannot be written.
    private const int MaxFaults = 5;
    private readonly Stack<IAsyncDisposable> _parts = new();
    private QueueHostOptions _runnerOptions = null!;
    private WebApplication _app = null!;

    public IServiceProvider Services => _app.Services;

    /// <summary>The files that records are written to; null over a storage account.</summary>
    public NdjsonRecordSink? Files { get; private set; }

    /// <summary>How long a message stays away whose worker was killed.</summary>
    public TimeSpan Lease => _runnerOptions.Visibility;

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
    /// <param name="listIds">The lists.</param>
    /// <param name="atLeast">How long to work even if they are.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public async Task RunAsync(IReadOnlyList<string> listIds, TimeSpan atLeast, CancellationToken cancellationToken)
    {
        var runner = CreateRunner();
        var started = TimeProvider.System.GetTimestamp();
        // What was under way when all lists were closed is finished too, and may have opened one again.
        do
        {
            await runner.RunAsync(
                async token => await FindRefusedAsync(listIds, token) is not null
                    || (TimeProvider.System.GetElapsedTime(started) >= atLeast && await AreClosedAsync(listIds, token)),
                cancellationToken);
            if (await FindRefusedAsync(listIds, cancellationToken) is { } refused)
                throw PipelineException.Permanent(FailureReasons.InvalidInput, $"{refused.Source ?? refused.ListId}: {refused.Message}");
            cancellationToken.ThrowIfCancellationRequested();
        }
        while (!await AreClosedAsync(listIds, cancellationToken));
    }

    /// <summary>Works until it is stopped, on whatever comes.</summary>
    public Task ServeAsync(CancellationToken cancellationToken)
    {
        // A sweep that fails again and again ends a run, which somebody waits for. Whoever serves goes on with all that does not need it.
        _runnerOptions.MaxSweepFailures = int.MaxValue;
        return CreateRunner().RunAsync(_ => Task.FromResult(false), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        // Webhooks that are being answered are let finish before what answers them goes away.
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
            : throw PipelineException.Permanent(FailureReasons.Internal,
                $"List {stuck.ListId} cannot be closed: {stuck.Setback!.Message} Its records are in the files all the same; the same command tries again.");
    }

    private async Task<ListEntry?> FindRefusedAsync(IReadOnlyList<string> listIds, CancellationToken cancellationToken)
    {
        var ledger = Services.GetRequiredService<ILedger>();
        foreach (var id in listIds)
            if (await ledger.GetListAsync(id, cancellationToken) is { State: ListState.Refused } refused)
                return refused;
        return null;
    }

    private QueueHost CreateRunner()
    {
        return new(
            Services.GetRequiredService<IWorkReceiver>(),
            [
                new(QueueNames.UrlLists, 1, Services.GetRequiredService<IntakeStage>().HandleAsync),
                new(QueueNames.Submissions, 2, Services.GetRequiredService<SubmitStage>().HandleAsync),
                new(QueueNames.Results, Services.GetRequiredService<IOptions<PipelineOptions>>().Value.Collect.Concurrency, Services.GetRequiredService<CollectStage>().HandleAsync),
            ],
            Services.GetRequiredService<SweepStage>().HandleAsync,
            Services.GetRequiredService<DeadLetterStage>().HandleAsync,
            _runnerOptions,
            TimeProvider.System,
            new Random(),
            Services.GetRequiredService<StoreHealth>(),
            Services.GetRequiredService<ILogger<QueueHost>>());
    }

    private async Task StartPartsAsync(RunSettings settings, Uri listen, CancellationToken cancellationToken)
    {
        // In the cloud each look at an empty queue, and each sweep, is paid for.
        _runnerOptions = settings.Azure is null ? new() : new() { IdleSweepInterval = TimeSpan.FromSeconds(1), SweepInterval = TimeSpan.FromSeconds(10) };
        SettingBinder.Bind(settings.Given, SettingsCatalog.Runner, "Runner", _runnerOptions);
        var emulator = settings.IsEmbedded ? await StartEmulatorAsync(settings, cancellationToken) : null;
        Action<IServiceCollection> stores;
        if (settings.Azure is { } azure)
            stores = services => services.AddAzureStores(azure);
        else
        {
            var database = await LocalDatabase.OpenAsync(settings.State, cancellationToken);
            _parts.Push(database);
            using var logs = LoggerFactory.Create(logging => Configure(logging, settings));
            Files = await NdjsonRecordSink.OpenAsync(database, settings.Out, logs.CreateLogger<NdjsonRecordSink>(), cancellationToken);
            stores = services => services.AddLocalStores(database, Files);
        }
        _app = Build(settings, emulator, listen, stores);
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
                AllowPrivate = settings.AllowPrivate,
                Storage = settings.StoresAreOutside ? StorageMode.Outside : StorageMode.Own,
            };
            var emulator = await Emulator.Emulator.StartAsync(options, cancellationToken);
            _parts.Push(emulator);
            await emulator.EnsureBucketAsync(ObjectUri.Parse(settings.StorageUrl ?? EmbeddedBucket).Bucket);
            return emulator;
        }
        catch (Exception problem) when (problem is IOException or DbException && LocalErrors.IsFull(problem, settings.State))
        {
            throw LocalErrors.DiskFull(settings.State, problem);
        }
        catch (Exception problem) when (problem is IOException or FormatException or DbException)
        {
            throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, $"The emulator cannot start: {problem.Message}", problem);
        }
    }

    private static WebApplication Build(RunSettings settings, RunningEmulator? emulator, Uri listen, Action<IServiceCollection> addStores)
    {
        // Empty: no appsettings.json of the folder it happens to run in, and no watching of that folder for one.
        var builder = WebApplication.CreateEmptyBuilder(new());
        Configure(builder.Logging, settings);
        builder.WebHost.UseKestrelCore().UseUrls(listen.AbsoluteUri).ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = Callback.CallbackBodyReader.MaxBytes);
        builder.Services.AddRoutingCore();
        // Webhooks under way take milliseconds; connections that somebody holds open must not outlast the time a stop may take.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.Services
            .AddPipeline(options =>
            {
                // First what the host itself knows: what the user gives goes over it.
                if (emulator is not null)
                    ApplyEmulator(options, emulator);
                options.Intake.SourcePrefixes.Add(settings.ListFolder.ToString());
                options.Collect.SpillFolder = Folders.Spill(settings);
                settings.Apply(options);
                options.Delivery.CallbackBase ??= options.Nimble.BaseUrl.IsLoopback ? ListenAddress.Local(listen) : null;
                // Workers that answer at one address are given one key; a worker by itself makes its own.
                if (options.Delivery.CallbackKeys.Count == 0)
                    options.Delivery.CallbackKeys.Add(Folders.CallbackKey(settings));
            })
            .AddCloudObjects(emulator is null || settings.StoresAreOutside
                ? settings.Stores
                : settings.Stores with { S3Endpoint = emulator.S3Endpoint, S3AccessKey = "local", S3SecretKey = "local", GcsEndpoint = emulator.GcsEndpoint.AbsoluteUri });
        addStores(builder.Services);
        var app = builder.Build();
        var callbackBase = app.Services.GetRequiredService<IOptions<PipelineOptions>>().Value.Delivery.CallbackBase;
        Uri[] addresses = callbackBase is null ? [listen] : [listen, callbackBase];
        app.UseBrowserGuard(StatusPage.Style, addresses);
        app.MapCallbacks();
        app.MapStatus();
        return app;
    }

    private static void ApplyEmulator(PipelineOptions options, RunningEmulator emulator)
    {
        options.Nimble.IsEmulator = true;
        options.Nimble.BaseUrl = emulator.BaseAddress;
        options.Nimble.RequestsPerSecond = EmbeddedRequestsPerSecond;
        options.Delivery.StorageUrl = EmbeddedBucket;
        // It lists what it accepted at once, so what is not there when a POST can no longer be under way will not be found later either.
        options.Submit.Quarantine = options.Sweep.PostingLease;
        options.Sweep.EvidenceWindow = options.Sweep.PostingLease + TimeSpan.FromMinutes(1);
    }

    private static void Configure(ILoggingBuilder logging, RunSettings settings)
    {
        logging.ClearProviders();
        if (settings.Verbose)
        {
            logging.Services.AddSingleton<ConsoleFormatter>(new LogLines(TimeProvider.System));
            logging.AddConsole(console => (console.FormatterName, console.LogToStandardErrorThreshold) = (LogLines.Name, LogLevel.Trace))
                .AddFilter("Microsoft", LogLevel.Warning);
        }
    }
}
