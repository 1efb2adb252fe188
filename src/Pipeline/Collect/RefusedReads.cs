using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Submit;

namespace Pipeline.Collect;

/// <summary>
/// Tracks whether the store lets us read deliveries. While it denies access, results wait and submission pauses: new
/// results would be paid for and could not be read either. A denial between successful reads concerns one object only.
/// </summary>
internal sealed partial class RefusedReads(
    SubmissionGate gate, IOptions<PipelineOptions> options, TimeProvider time, ILogger<RefusedReads> logger)
{
    private const int PauseAfter = 3;

    // Longer than the longest wait between two attempts at one result; each attempt renews the pause.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(90);

    private int _inARow;

    /// <summary>
    /// Whether access was denied in a way that an operator can repair: a missing grant, an expired session, a wrong
    /// clock.
    /// </summary>
    public static bool IsRefusal(PipelineException error) =>
        error is { Reason: FailureReasons.AccessDenied, IsStoreFault: false };

    /// <summary>Records a denied read; pauses submission after several consecutive ones.</summary>
    public async Task NoteAsync(PipelineException refused, CancellationToken cancellationToken)
    {
        var count = Interlocked.Increment(ref _inARow);
        if (count < PauseAfter || IsCovered(await gate.FindAsync(cancellationToken)))
            return;
        var reason = $"Submission is paused because deliveries cannot be read: {refused.Message} "
            + $"Results wait for up to {options.Value.Collect.RefusedWindow} (Collect:RefusedWindow); "
            + "everything resumes automatically once access works.";
        await gate.PauseForAsync(Pause, reason, HoldReason.Deliveries);
        if (count == PauseAfter)
            LogPaused(reason);
    }

    /// <summary>Records a read that the store allowed; resumes submission.</summary>
    public async Task ClearAsync()
    {
        if (Volatile.Read(ref _inARow) == 0 || Interlocked.Exchange(ref _inARow, 0) < PauseAfter)
            return;
        await gate.OpenAsync(HoldReason.Deliveries);
        LogResumed();
    }

    /// <summary>Whether a result has waited longer than <c>Collect:RefusedWindow</c>.</summary>
    public bool IsOver(ResultMessage message) =>
        time.GetUtcNow() - message.Since >= options.Value.Collect.RefusedWindow;

    /// <summary>
    /// Whether there is a pause for another reason, or one for this reason that lasts long enough. Otherwise every
    /// process that meets denials would write the pause again for each of them.
    /// </summary>
    private bool IsCovered(SubmissionGate.Pause? pause) =>
        pause is not null && (pause.Hold != HoldReason.Deliveries || pause.Until - time.GetUtcNow() > Pause * 0.8);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Reason}")]
    private partial void LogPaused(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message =
        "Deliveries are readable again; collection and submission resume.")]
    private partial void LogResumed();
}
