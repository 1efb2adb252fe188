using Microsoft.Extensions.DependencyInjection;
using Pipeline.Export.Closing;
using Pipeline.Export.Sources;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Reports;
using Pipeline.Stores;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Local;
using Pipeline.Stores.Local.Records;

namespace Pipeline.Export;

/// <summary>Registers the export of lists that close.</summary>
public static class ExportServices
{
    private const string FolderName = "exports";

    // One file at a time bounds the memory. Other work continues meanwhile.
    private const int AtOnce = 1;

    /// <summary>Adds the stage, its queue and its files. The ports must be registered too.</summary>
    public static IServiceCollection AddExports(this IServiceCollection services)
    {
        services.AddSingleton<IRecordAnnouncer, ExportAnnouncer>();
        services.AddSingleton<PartWriter>();
        services.AddSingleton<IExportFiles>(
            s => s.GetRequiredService<IRecordStore>() is NdjsonRecordStore local
                ? new FolderExportFiles(Path.Combine(local.Folder, FolderName))
                : new AccountExportFiles(s.GetRequiredService<AzureAccount>()));
        services.AddSingleton<Func<Manifest, IResultSource>>(Open);
        services.AddSingleton<ExportStage>();
        services.AddKeyedSingleton(
            QueueNames.Exports,
            (s, _) => new QueueHandler(
                QueueNames.Exports, AtOnce, s.GetRequiredService<ExportStage>().HandleAsync, LeadsToWork: false));
        return services;
    }

    private static Func<Manifest, IResultSource> Open(IServiceProvider services)
    {
        var failures = new FailureReader(services.GetRequiredService<ILedger>());
        if (services.GetRequiredService<IRecordStore>() is NdjsonRecordStore local)
            return manifest => new LocalListSource(
                services.GetRequiredService<LocalDatabase>(), Path.Combine(local.Folder, "records.ndjson"), failures,
                manifest);
        return manifest => new AccountSource(services.GetRequiredService<ObjectStores>(), failures, [manifest]);
    }
}
