namespace Pipeline.Http.Limits;

/// <summary>The server's time: this machine's clock, corrected after a server refused a request for its time.</summary>
internal sealed class ServerClock(TimeProvider time)
{
    // Servers tolerate smaller differences, so the time was not the cause of a refusal.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    private long _skew;

    public DateTimeOffset Now => time.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _skew));

    /// <summary>Sets the time from the <c>Date</c> of an answer.</summary>
    /// <returns>Whether it differs, so that sending the request again may help.</returns>
    public bool Correct(HttpResponseMessage refusal)
    {
        if (refusal.Headers.Date is not { } date || (date - Now).Duration() < Tolerance)
            return false;
        Interlocked.Exchange(ref _skew, (date - time.GetUtcNow()).Ticks);
        return true;
    }
}
