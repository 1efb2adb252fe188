using Pipeline.Model;

namespace Pipeline.Submit;

/// <summary>
/// Pauses all submission while no POST can succeed: no budget at Nimble (402) or for the day, a refused key (401, 403),
/// too many requests (429). Each process has its own gate; one that opens too early costs one refused request.
/// </summary>
internal sealed class SubmissionGate(TimeProvider time)
{
    private Pause? _pause;

    /// <summary>The pause in force, or null.</summary>
    public Pause? Current => _pause is { } pause && pause.Until > time.GetUtcNow() ? pause : null;

    /// <summary>Holds submission back for a while.</summary>
    internal void PauseFor(TimeSpan duration, string reason, HoldReason hold) =>
        _pause = new(time.GetUtcNow() + duration, reason, hold);

    /// <summary>Lets submission go on.</summary>
    internal void Open() => _pause = null;

    /// <summary>Lets submission go on if it waits for this.</summary>
    internal void Open(HoldReason hold)
    {
        if (_pause is { } pause && pause.Hold == hold)
            _pause = null;
    }

    /// <summary>A pause.</summary>
    /// <param name="Until">When the next POST is tried.</param>
    /// <param name="Reason">What Nimble said or which guard it is, and what to do.</param>
    /// <param name="Hold">What submissions wait for; None for what passes within seconds.</param>
    public sealed record Pause(DateTimeOffset Until, string Reason, HoldReason Hold);
}
