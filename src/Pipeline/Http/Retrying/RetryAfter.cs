using System.Globalization;

namespace Pipeline.Http.Retrying;

/// <summary>
/// Reads how long a server asks us to wait: <c>retry-after-ms</c>, or <c>Retry-After</c> in seconds (fractions allowed)
/// or as a date. Every store and API uses this class.
/// </summary>
internal static class RetryAfter
{
    // Longer waits are ignored: the work would sleep past all of our deadlines.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    /// <summary>Reads a response; null if it asks for no wait, or for one that is over.</summary>
    public static TimeSpan? Read(HttpResponseMessage response, DateTimeOffset now) =>
        Read(name => First(response, name), now);

    /// <summary>Reads headers by name.</summary>
    /// <param name="header">Returns the first value of a header; null if there is none.</param>
    /// <param name="now">Our time. A date is compared with the server's own time, if the response has it.</param>
    public static TimeSpan? Read(Func<string, string?> header, DateTimeOffset? now)
    {
        foreach (var (name, unit)
            in (
                ReadOnlySpan<(string, double)>)[("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001),
                ("Retry-After", 1)])
            if (header(name) is { } text && TryNumber(text, out var number))
                return Positive(number * unit);
        return ReadDate(header("Retry-After")) is { } date && (ReadDate(header("Date")) ?? now) is { } there
            ? Positive((date - there).TotalSeconds)
            : null;
    }

    /// <summary>The wait that the server asks for, but never less than our own backoff.</summary>
    public static TimeSpan AtLeast(this TimeSpan? asked, TimeSpan own) => asked > own ? asked.Value : own;

    private static string? First(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) ? values.FirstOrDefault()?.Trim() : null;

    private static bool TryNumber(string text, out double value) =>
        double.TryParse(
            text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out value)
        && double.IsFinite(value);

    private static DateTimeOffset? ReadDate(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? date
            : null;

    private static TimeSpan? Positive(double seconds) =>
        seconds > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, Longest.TotalSeconds)) : null;
}
