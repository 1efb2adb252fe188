using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Pipeline.Sweep;

namespace Pipeline.Functions;

/// <summary>A timer to <see cref="SweepStage"/>, which may overlap with itself.</summary>
internal sealed partial class SweepFunction(SweepStage stage, MessageRunner runner, ILogger<SweepFunction> logger)
{
    [Function("Sweep")]
    public async Task RunAsync([TimerTrigger("*/30 * * * * *")] TimerInfo timer, CancellationToken cancellationToken)
    {
        try
        {
            await runner.WithinAsync(TimeLimits.Sweep, stage.HandleAsync, cancellationToken);
            LogSwept(timer.IsPastDue);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            LogStopped();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Sweep has looked at everything that was due (late: {IsPastDue}).")]
    private partial void LogSwept(bool isPastDue);

    [LoggerMessage(Level = LogLevel.Information, Message = "Sweep was stopped with the host; what it did not reach is still due.")]
    private partial void LogStopped();
}
