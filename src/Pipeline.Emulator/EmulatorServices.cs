using Microsoft.AspNetCore.Mvc;
using Pipeline.Emulator.Api;
using Pipeline.Emulator.Api.Description;
using Pipeline.Emulator.Api.Tasks;
using Pipeline.Emulator.Buckets;
using Pipeline.Emulator.Faults;
using Pipeline.Emulator.Hostile;
using Pipeline.Emulator.Overview;
using Pipeline.Emulator.Pages;
using Pipeline.Emulator.Store;
using Pipeline.Emulator.Work;
using Pipeline.Emulator.Work.Delivery;
using Pipeline.Emulator.Work.Results;

namespace Pipeline.Emulator;

/// <summary>Registers the emulator's services and maps the paths of its API.</summary>
internal static class EmulatorServices
{
    public static void AddEmulator(this IServiceCollection services, EmulatorOptions options, FaultSet faults)
    {
        services.AddSingleton(options);
        services.AddSingleton(options.Time);
        services.AddSingleton<IHostLifetime, NoLifetime>();
        services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(5));
        services.AddSingleton(new FaultInjector(faults)).AddSingleton<StoreFaults>().AddSingleton<HostileReplies>();
        AddStores(services, options);
        AddWork(services, options);
        AddEndpoints(services);
    }

    private static void AddStores(IServiceCollection services, EmulatorOptions options)
    {
        services.AddSingleton(_ => Database.Open(Path.Combine(options.DataFolder, "emulator.db"), TaskSchema.Sql));
        services.AddSingleton(new ResultFiles(Path.Combine(options.DataFolder, "results")));
        services.AddSingleton(_ => new BucketStore(Path.Combine(options.DataFolder, "buckets")));
        services.AddSingleton<TaskStore>().AddSingleton<FullDisk>();
    }

    private static void AddWork(IServiceCollection services, EmulatorOptions options)
    {
        services.AddSingleton(StorageSettings.From(options.Storage, Environment.GetEnvironmentVariable));
        services.AddSingleton<S3Writer>().AddSingleton<GcsWriter>().AddSingleton<ObjectWriter>();
        services.AddSingleton<OwnAddress>().AddSingleton<WebhookLog>();
        services.AddSingleton(p => CreateFetcher(p.GetRequiredService<OwnAddress>(), options));
        services.AddSingleton(p => ActivatorUtilities.CreateInstance<WebhookSender>(p, CreateWebhookClient()));
        services.AddSingleton<JobSignals>().AddSingleton<RunningTasks>().AddSingleton<TaskResults>();
        services.AddSingleton<TaskRunner>().AddHostedService<JobWorkers>();
    }

    private static void AddEndpoints(IServiceCollection services)
    {
        services.AddSingleton<ApiGate>().AddSingleton<RequestCounts>().AddSingleton<CallerAccess>();
        services.AddSingleton<TaskPlanner>().AddSingleton<ExtractEndpoints>();
        services.AddSingleton<TaskEndpoints>().AddSingleton<BatchEndpoints>().AddSingleton<AdminEndpoints>();
        services.AddSingleton<OverviewReader>().AddSingleton<ObjectViewer>().AddSingleton<OverviewEndpoints>();
    }

    private static PageFetcher CreateFetcher(OwnAddress own, EmulatorOptions options) =>
        new(PageFetcher.CreateClient(() => own.OrNull, options.AllowPrivate), options.AllowPrivate);

    /// <summary>Maps the API, the admin endpoints and the page.</summary>
    public static void MapEmulator(this WebApplication app)
    {
        app.MapApi();
        app.MapOpenApiDocument();
        var admin = app.Services.GetRequiredService<AdminEndpoints>();
        app.MapGet("_admin/faults", admin.GetFaultsAsync);
        app.MapPut("_admin/faults", admin.PutFaultsAsync);
        app.MapDelete("_admin/faults", admin.DeleteFaultsAsync);
        app.MapGet("_admin/stats", admin.GetStatsAsync);
        app.Services.GetRequiredService<OverviewEndpoints>().Map(app);
    }

    public static void MapApi(this WebApplication app)
    {
        foreach (var version in new[] { "v1", "v2" })
        {
            var api = app.MapGroup(version);
            var extract = app.Services.GetRequiredService<ExtractEndpoints>();
            api.MapDescribed(ApiOperations.ExtractAsync, extract.AsyncAsync)
                .WithMetadata(new RequestSizeLimitAttribute(ExtractEndpoints.MaxBodyBytes));
            api.MapDescribed(ApiOperations.ExtractBatch, extract.BatchAsync)
                .WithMetadata(new RequestSizeLimitAttribute(ExtractEndpoints.MaxBodyBytes));
            var tasks = app.Services.GetRequiredService<TaskEndpoints>();
            api.MapDescribed(ApiOperations.Tasks, tasks.ListAsync);
            api.MapDescribed(ApiOperations.Task, tasks.GetAsync);
            api.MapDescribed(ApiOperations.Result, tasks.GetResultsAsync);
            var batches = app.Services.GetRequiredService<BatchEndpoints>();
            api.MapDescribed(ApiOperations.Batches, batches.ListAsync);
            api.MapDescribed(ApiOperations.Batch, batches.GetAsync);
            api.MapDescribed(ApiOperations.Progress, batches.GetProgressAsync);
        }
    }

    private static HttpClient CreateWebhookClient() =>
        new(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            }) { Timeout = Timeout.InfiniteTimeSpan };
}
