using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.Callback;
using Pipeline.Cli.Run;
using Pipeline.Cli.Settings;
using Pipeline.Dashboard;
using Pipeline.Export;
using Pipeline.Hosting;
using Pipeline.Options;

namespace Pipeline.Cli.Serving;

/// <summary>
/// The web application of a host: the stages as its services, the callback endpoint, the API and the pages.
/// </summary>
internal static class HostApp
{
    // POSTs of one list at once. RunHost takes more messages at once: the rest is for other lists.
    private const int PostsOfAList = 2;

    // Callbacks take milliseconds. A connection that somebody holds open must not delay a stop for longer.
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(5);

    /// <summary>Builds it.</summary>
    /// <param name="settings">What the command was asked for.</param>
    /// <param name="emulator">The emulator in this process; null where there is another API.</param>
    /// <param name="listen">The address to listen at.</param>
    /// <param name="addStores">Registers the ports.</param>
    public static WebApplication Build(
        RunSettings settings, EmbeddedEmulator? emulator, Uri listen, Action<IServiceCollection> addStores)
    {
        // The empty builder neither reads nor watches an appsettings.json in the current folder.
        var builder = WebApplication.CreateEmptyBuilder(new());
        HostLog.Configure(builder.Logging, settings);
        builder.AddTelemetryExport();
        builder
            .WebHost.UseKestrelCore()
            .UseUrls(listen.AbsoluteUri)
            .ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = CallbackBodyReader.MaxBytes);
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopWithin);
        builder
            .Services.AddPipeline(options => Configure(options, settings, emulator, listen))
            .AddCloudObjects(
                emulator is null || settings.StoresAreOutside ? settings.Stores : emulator.StoresOver(settings.Stores));
        builder.Services.AddDashboard(
            new()
            {
                Store = settings.WorkStore.Name, ListFolder = settings.WorkStore.ListFolder,
                ScheduleFolder = settings.WorkStore.ScheduleFolder,
                OutFolder = settings.WorkStore.IsShared ? null : Shell.Quote(settings.Out),
                Arguments = settings.WorkStore.IsShared ? "" : settings.StateArguments,
            });
        addStores(builder.Services);
        builder.Services.AddExports();
        var app = builder.Build();
        var callbackBase = app.Services.GetRequiredService<IOptions<PipelineOptions>>().Value.Delivery.CallbackBase;
        app.UseBrowserGuard(callbackBase is null ? [listen] : [listen, callbackBase]);
        app.MapCallbacks();
        app.MapDashboard();
        return app;
    }

    // First what the host itself knows: what the user gives goes over it.
    private static void Configure(PipelineOptions options, RunSettings settings, EmbeddedEmulator? emulator, Uri listen)
    {
        emulator?.ApplyTo(options);
        options.Intake.SourcePrefixes.Add(settings.WorkStore.ListFolder.ToString());
        options.Intake.SourcePrefixes.Add(settings.WorkStore.ScheduleFolder.ToString());
        options.Collect.SpillFolder = Folders.Spill(settings);
        settings.Apply(options);
        options.Submit.ConcurrencyPerList = PostsOfAList;
        options.Delivery.CallbackBase ??=
            KeptAddresses.CallbackBase(settings)
            ?? (options.Nimble.BaseUrl.IsLoopback ? ListenAddress.Local(listen) : null);
        // Workers that answer at one address are given one key; a worker by itself makes its own.
        if (options.Delivery.CallbackKeys.Count == 0)
            options.Delivery.CallbackKeys.Add(Folders.CallbackKey(settings));
    }
}
