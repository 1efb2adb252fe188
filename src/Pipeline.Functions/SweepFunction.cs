using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Pipeline.Functions.Messages;
using Pipeline.Scheduling;
using Pipeline.Sweep;

namespace Pipeline.Functions;

/// <summary>Submits the lists of due schedules and runs <see cref="SweepStage"/>, every 30 seconds. Runs may overlap.
/// </summary>
internal sealed partial class SweepFunction(
    ScheduleRunner schedules, SweepStage stage, MessageRunner runner, ILogger<SweepFunction> logger)
{
    [Function("Sweep")]
    public async Task RunAsync([TimerTrigger("*/30 * * * * *")] TimerInfo timer, CancellationToken cancellationToken)
    {
        try
        {
            await schedules.FireDueAsync(cancellationToken);
            await runner.WithinAsync(StageTimeLimits.Sweep, stage.HandleAsync, cancellationToken);
            LogSwept(timer.IsPastDue);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            LogStopped();
        }
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Sweep has processed everything that was due (started late: {IsPastDue}).")]
    private partial void LogSwept(bool isPastDue);

    [LoggerMessage(
        Level = LogLevel.Information, Message = "Sweep stopped because the host is stopping. The rest is still due.")]
    private partial void LogStopped();
}
