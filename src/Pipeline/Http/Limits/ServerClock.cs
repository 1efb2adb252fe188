namespace Pipeline.Http.Limits;

/// <summary>The time as a server sees it: this machine's, corrected where the server refused a request for its time.</summary>
internal sealed class ServerClock(TimeProvider time)
{
    // Below this a server does not refuse, so the time was not the cause.
    private static readonly TimeSpan s_tolerance = TimeSpan.FromMinutes(1);

    private long _skew;

    public DateTimeOffset Now => time.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _skew));

    /// <summary>Takes the time from an answer's <c>Date</c>.</summary>
    /// <returns>Whether that differs, so that sending the request again may help.</returns>
    public bool Correct(HttpResponseMessage refusal)
    {
        if (refusal.Headers.Date is not { } date || (date - Now).Duration() < s_tolerance)
            return false;
        Interlocked.Exchange(ref _skew, (date - time.GetUtcNow()).Ticks);
        return true;
    }
}
