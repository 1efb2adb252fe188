using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Submit;

namespace Pipeline.Collect;

/// <summary>
/// Knows whether deliveries can be read at all. While a store refuses us, results wait, and nothing more is submitted:
/// it would be paid for and could not be read either. A refusal among reads that succeed concerns its object only.
/// </summary>
internal sealed partial class RefusedReads(
    SubmissionGate gate, IOptions<PipelineOptions> options, TimeProvider time, ILogger<RefusedReads> logger)
{
    private const int Enough = 3;

    // Longer than the longest wait between two tries of one result, each of which renews it.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(90);

    private int _inARow;

    /// <summary>Whether this is a refusal that somebody may mend: a grant, a renewed session, a clock.</summary>
    public static bool IsRefusal(PipelineException error) =>
        error is { Reason: FailureReasons.AccessDenied, IsStoreFault: false };

    /// <summary>Notes that a read was refused; submission is paused when no read succeeds any more.</summary>
    public void Note(PipelineException refused)
    {
        var count = Interlocked.Increment(ref _inARow);
        if (count < Enough || gate.Current is { Hold: not HoldReason.Deliveries })
            return;
        var reason = $"Deliveries cannot be read, so nothing more is submitted: {refused.Message} "
            + $"Results wait for up to {options.Value.Collect.RefusedWindow} (Collect:RefusedWindow) and go on by themselves.";
        gate.PauseFor(Pause, reason, HoldReason.Deliveries);
        if (count == Enough)
            LogPaused(reason);
    }

    /// <summary>Notes that a store let us read.</summary>
    public void Clear()
    {
        if (Volatile.Read(ref _inARow) == 0 || Interlocked.Exchange(ref _inARow, 0) < Enough)
            return;
        gate.Open(HoldReason.Deliveries);
        LogResumed();
    }

    /// <summary>Whether a result has waited for as long as it may.</summary>
    public bool IsOver(ResultMessage message) => time.GetUtcNow() - message.Since >= options.Value.Collect.RefusedWindow;

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason}")]
    private partial void LogPaused(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Deliveries can be read again; results and submission go on.")]
    private partial void LogResumed();
}
