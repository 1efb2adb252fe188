using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Sweep;

/// <summary>Decides how long to wait after a failed attempt, and whether waiting can help.</summary>
internal static class SetbackPolicy
{
    /// <summary>Number of attempts that may fail with faults; after that, the waiting inputs fail.</summary>
    public const int MaxFaults = 8;

    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan LongestAsked = TimeSpan.FromHours(1);

    /// <summary>
    /// Whether the data or the program is at fault. An outage, a refused credential or a wrong setting is not a fault:
    /// it passes or somebody corrects it, so no input fails here because of it.
    /// </summary>
    public static bool IsFault(Exception error) => error switch
    {
        PipelineException known => known.IsPermanent
            && known.Reason is not (
                FailureReasons.AccessDenied or FailureReasons.Unavailable or FailureReasons.InvalidConfiguration),
        IOException or HttpRequestException or TimeoutException or OperationCanceledException => false,
        _ => true,
    };

    /// <summary>Returns the setback after another failed attempt.</summary>
    /// <param name="before">The setback in the row; null if the last attempt succeeded.</param>
    /// <param name="error">The error.</param>
    /// <param name="sweep">The shortest and the longest wait for an outage.</param>
    /// <param name="now">The time of the attempt.</param>
    public static Setback Next(Setback? before, Exception error, SweepOptions sweep, DateTimeOffset now)
    {
        var reason = (error as PipelineException)?.Reason
            ?? (IsFault(error) ? FailureReasons.Internal : FailureReasons.Unavailable);
        var since = before?.Reason == reason ? before.Since : now;
        var faults = (before?.Faults ?? 0) + (IsFault(error) ? 1 : 0);
        var delay = IsFault(error)
            ? Bound(sweep.PollInterval * Math.Pow(2, Math.Min(faults, 30) - 1), sweep.PollInterval, LongestDelay)
            : Bound((now - since) / 2, sweep.PollInterval, sweep.MaxPollInterval);
        var asked = Bound((error as PipelineException)?.RetryAfter ?? TimeSpan.Zero, TimeSpan.Zero, LongestAsked);
        return new()
        {
            Reason = reason,
            Message = Describe(error),
            Since = since,
            Until = now + (asked > delay ? asked : delay),
            Faults = faults,
        };
    }

    private static string Describe(Exception error) => error switch
    {
        PipelineException => error.Message,
        OperationCanceledException => "The check took too long and was stopped. It will be repeated.",
        _ => $"{error.GetType().Name}: {error.Message}",
    };

    private static TimeSpan Bound(TimeSpan delay, TimeSpan least, TimeSpan most) =>
        delay < least ? least : delay < most ? delay : most;
}
