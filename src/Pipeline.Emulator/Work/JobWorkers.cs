using Pipeline.Emulator.Store;
using Pipeline.Emulator.Work.Delivery;

namespace Pipeline.Emulator.Work;

/// <summary>
/// Runs one lane for each kind of job while the emulator runs, so that slow pages do not delay webhooks.
/// </summary>
internal sealed partial class JobWorkers(
    EmulatorOptions options, TaskStore store, JobSignals signals, TaskRunner runner, WebhookSender webhooks,
        OwnAddress own, FullDisk disk,
    ILogger<JobWorkers> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await own.WaitAsync(stoppingToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        using var extract = Lane(JobKind.Extract, options.Workers, runner.ExtractAsync);
        using var deliver = Lane(JobKind.Deliver, 16, runner.DeliverAsync);
        using var heal = Lane(JobKind.Heal, 16, runner.HealAsync);
        using var call = Lane(JobKind.Call, 32, webhooks.CallAsync);
        var lanes = new[] { extract, deliver, heal, call }.Select(lane => lane.RunAsync(stop.Token)).ToList();
        var first = await Task.WhenAny(lanes);
        if (first.Exception is { } error)
            LogLaneFailed(logger, error);
        await stop.CancelAsync();
        await Task.WhenAll(lanes);
    }

    private JobLane Lane(JobKind kind, int concurrency, Func<Job, CancellationToken, Task> run) =>
        new(kind, concurrency, store, signals, options.Time, disk, run);

    [LoggerMessage(
        Level = LogLevel.Critical, Message = "A job of the emulator failed unexpectedly; the emulator stops.")]
    private static partial void LogLaneFailed(ILogger logger, Exception error);
}
