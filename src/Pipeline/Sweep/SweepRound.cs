using Pipeline.Scheduling;

namespace Pipeline.Sweep;

/// <summary>
/// The work of a host at intervals: submits the lists of due schedules, sweeps, and counts the work for the metrics.
/// </summary>
internal sealed class SweepRound(ScheduleRunner schedules, SweepStage sweep, Census census)
{
    public async Task HandleAsync(CancellationToken cancellationToken)
    {
        await schedules.FireDueAsync(cancellationToken);
        await sweep.HandleAsync(cancellationToken);
        await census.TakeAsync(cancellationToken);
    }
}
