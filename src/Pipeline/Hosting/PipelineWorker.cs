using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Collect;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Notify;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Submit;
using Pipeline.Sweep;

namespace Pipeline.Hosting;

/// <summary>Runs the stages over the registered queues until the host stops.</summary>
internal sealed class PipelineWorker(IServiceProvider services) : BackgroundService
{
    // More than one list may use at once, so that others get their turn.
    private const int SubmissionsAtOnce = 8;

    private const int NotificationsAtOnce = 4;

    /// <summary>Connects the queues to the stages that handle them.</summary>
    public static QueueHost CreateHost(IServiceProvider services, QueueHostOptions options) =>
        new(
            services.GetRequiredService<IWorkReceiver>(),
            [.. Handlers(services, services.GetRequiredService<IOptions<PipelineOptions>>().Value)],
            services.GetRequiredService<SweepRound>().HandleAsync,
            services.GetRequiredService<DeadLetterStage>().HandleAsync,
            options,
            services.GetRequiredService<TimeProvider>(),
            new Random(),
            services.GetRequiredService<StoreHealth>(),
            services.GetRequiredService<ILogger<QueueHost>>());

    private static IEnumerable<QueueHandler> Handlers(IServiceProvider services, PipelineOptions options)
    {
        var late = services.GetRequiredService<LateMessages>();
        var intake = services.GetRequiredService<IntakeStage>();
        yield return new(
            QueueNames.UrlLists, 1, (body, token) => late.RunListAsync(() => intake.HandleAsync(body, token)));
        yield return Guarded(
            new(QueueNames.Submissions, SubmissionsAtOnce, services.GetRequiredService<SubmitStage>().HandleAsync));
        yield return Guarded(
            new(
                QueueNames.Results, options.Collect.Concurrency,
                services.GetRequiredService<CollectStage>().HandleAsync));
        if (options.Notify.Url is not null)
            yield return Guarded(
                new(
                    QueueNames.Notifications, NotificationsAtOnce,
                    services.GetRequiredService<NotifyStage>().HandleAsync, LeadsToWork: false));
        // The stage is in an assembly above this one.
        if (options.Export.Format != ClosedListFormat.None)
            yield return Guarded(services.GetRequiredKeyedService<QueueHandler>(QueueNames.Exports));

        QueueHandler Guarded(QueueHandler handler) => handler with
        {
            HandleAsync = (body, token) => late.RunAsync(handler.Queue, body, handler.HandleAsync, token),
        };
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A server keeps running when Sweep fails, because its other work does not need Sweep.
        var options = new QueueHostOptions { MaxSweepFailures = int.MaxValue };
        return CreateHost(services, options).RunAsync(_ => Task.FromResult(false), stoppingToken);
    }
}
