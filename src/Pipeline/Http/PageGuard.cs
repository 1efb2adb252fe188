using Pipeline.Model;

namespace Pipeline.Http;

/// <summary>
/// Stops an endless listing. A listing is evidence: one that loops or takes too long must not count as complete.
/// </summary>
/// <param name="what">What is listed, for messages.</param>
/// <param name="time">The clock.</param>
internal sealed class PageGuard(string what, TimeProvider time)
{
    /// <summary>Maximum number of pages of one listing: ten million objects, or a million tasks.</summary>
    public const int MaxPages = 10_000;

    /// <summary>
    /// Maximum total time for the pages of one listing; the caller's work between pages does not count.
    /// </summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(20);

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private TimeSpan _took;

    /// <summary>Fetches a page and measures the time.</summary>
    public async Task<T> FetchAsync<T>(Func<Task<T>> fetch)
    {
        var began = time.GetTimestamp();
        try
        {
            return await fetch();
        }
        finally
        {
            _took += time.GetElapsedTime(began);
        }
    }

    /// <summary>Checks the token of a next page.</summary>
    /// <exception cref="PipelineException">
    /// Transient: the token was seen before, or the listing is too long.
    /// </exception>
    public void Next(string token)
    {
        if (!_seen.Add(token))
            throw Endless("the other side repeats a page token");
        if (_seen.Count >= MaxPages)
            throw Endless($"it has more than {MaxPages} pages");
        if (_took > Longest)
            throw Endless($"it has taken {_took.TotalMinutes:0} minutes");
    }

    private PipelineException Endless(string why) =>
        PipelineException.Transient(FailureReasons.Unavailable, $"The listing of {what} does not end: {why}.");
}
