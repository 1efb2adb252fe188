using System.Globalization;

namespace Pipeline.Http.Retrying;

/// <summary>
/// Reads how long a server asks us to wait: <c>retry-after-ms</c>, or <c>Retry-After</c> in seconds (fractions allowed)
/// or as a date. Some servers write the Unix time at which to come back, in seconds or milliseconds. Every store and
/// API uses this class.
/// </summary>
internal static class RetryAfter
{
    // Longer waits are ignored: the work would sleep past all of our deadlines.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    // No server asks for a wait of 30 years, so a larger number is a time, from 2001 on.
    private const double FirstUnixTime = 1e9, FirstUnixMilliseconds = 1e12;

    /// <summary>Reads a response; null if it asks for no wait, or for one that has passed.</summary>
    public static TimeSpan? Read(HttpResponseMessage response, DateTimeOffset now) =>
        Read(name => First(response, name), now);

    /// <summary>Reads headers by name.</summary>
    /// <param name="header">Returns the first value of a header; null if there is none.</param>
    /// <param name="now">Our time. A date is compared with the server's own time, if the response has it.</param>
    public static TimeSpan? Read(Func<string, string?> header, DateTimeOffset? now)
    {
        var there = ReadDate(header("Date")) ?? now;
        foreach (var (name, unit)
            in (
                ReadOnlySpan<(string, double)>)[("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001),
                ("Retry-After", 1)])
            if (header(name) is { } text && TryNumber(text, out var number))
                return Positive(SecondsOf(number * unit, there));
        return ReadDate(header("Retry-After")) is { } date ? Positive((date - there)?.TotalSeconds) : null;
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

    private static double SecondsOf(double number, DateTimeOffset? now)
    {
        if (number < FirstUnixTime || now is not { } here)
            return number;
        var time = number < FirstUnixMilliseconds ? number : number / 1000;
        return time - (here - DateTimeOffset.UnixEpoch).TotalSeconds;
    }

    private static TimeSpan? Positive(double? seconds) =>
        seconds > 0 ? TimeSpan.FromSeconds(Math.Min(seconds.Value, Longest.TotalSeconds)) : null;
}
