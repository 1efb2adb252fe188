using System.Globalization;

namespace Pipeline.Http;

/// <summary>How long a server asks us to wait: <c>retry-after-ms</c>, or <c>Retry-After</c> in seconds (also with a fraction) or as a date.</summary>
internal static class RetryAfter
{
    // A server that asks for more is not believed: the work would sleep past every deadline of ours.
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(24);

    public static TimeSpan? Read(HttpResponseMessage response, DateTimeOffset now)
    {
        if (First(response, "retry-after-ms") is { } ms && TryNumber(ms, out var milliseconds))
            return Clamp(milliseconds / 1000);
        if (First(response, "Retry-After") is not { } text)
            return null;
        if (TryNumber(text, out var seconds))
            return Clamp(seconds);
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? Clamp((date - now).TotalSeconds)
            : null;
    }

    private static string? First(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) ? values.FirstOrDefault()?.Trim() : null;

    private static bool TryNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    private static TimeSpan Clamp(double seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, 0, s_longest.TotalSeconds));
}
