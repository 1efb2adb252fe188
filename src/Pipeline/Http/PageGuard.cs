using Pipeline.Model;

namespace Pipeline.Http;

/// <summary>
/// Ends a listing that does not end by itself. A listing is evidence: one that goes in circles, or takes too long, must not
/// pass for a whole one.
/// </summary>
/// <param name="what">For messages: what is listed.</param>
/// <param name="time">The clock.</param>
internal sealed class PageGuard(string what, TimeProvider time)
{
    /// <summary>Pages of one listing at the most; ten million objects, or a million tasks.</summary>
    public const int MaxPages = 10_000;

    /// <summary>How long the pages of one listing may take in all. What the caller does between them does not count.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(20);

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private TimeSpan _took;

    /// <summary>Fetches a page, and measures how long that takes.</summary>
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
    /// <exception cref="PipelineException">Transient: the token was seen before, or the listing is too long.</exception>
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
