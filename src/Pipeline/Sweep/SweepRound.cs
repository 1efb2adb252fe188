using Pipeline.Scheduling;

namespace Pipeline.Sweep;

/// <summary>
/// What a host does at intervals: submits the lists of due schedules, sweeps, and counts where things stand.
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
