namespace Pipeline.Submit;

/// <summary>
/// Holds all submission back while Nimble says that none can succeed: no budget (402), a refused key (401, 403), too many requests (429).
/// Each process learns it by itself; a gate that is open too early costs one refused request.
/// </summary>
public sealed class SubmissionGate(TimeProvider time)
{
    private Pause? _pause;

    /// <summary>The pause in force, or null.</summary>
    public Pause? Current => _pause is { } pause && pause.Until > time.GetUtcNow() ? pause : null;

    /// <summary>Holds submission back for a while.</summary>
    internal void PauseFor(TimeSpan duration, string reason) => _pause = new(time.GetUtcNow() + duration, reason);

    /// <summary>Lets submission go on.</summary>
    internal void Open() => _pause = null;

    /// <summary>A pause.</summary>
    /// <param name="Until">When the next POST is tried.</param>
    /// <param name="Reason">What Nimble said, and what to do.</param>
    public sealed record Pause(DateTimeOffset Until, string Reason);
}
