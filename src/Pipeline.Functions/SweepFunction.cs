using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Pipeline.Functions.Messages;
using Pipeline.Sweep;

namespace Pipeline.Functions;

/// <summary>Runs <see cref="SweepRound"/> every 30 seconds. Runs may overlap.</summary>
internal sealed partial class SweepFunction(
    SweepRound round, MessageRunner runner, ILogger<SweepFunction> logger)
{
    [Function("Sweep")]
    public async Task RunAsync([TimerTrigger("*/30 * * * * *")] TimerInfo timer, CancellationToken cancellationToken)
    {
        try
        {
            await runner.WithinAsync(StageTimeLimits.Sweep, round.HandleAsync, cancellationToken);
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
