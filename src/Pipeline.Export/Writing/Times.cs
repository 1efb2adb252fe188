using System.Globalization;

namespace Pipeline.Export.Writing;

/// <summary>Converts the microseconds of a column of times.</summary>
internal static class Times
{
    /// <summary>The time.</summary>
    public static DateTimeOffset Of(long microseconds) => DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds);

    /// <summary>The time as text, such as <c>2026-03-19T10:00:04.000Z</c>.</summary>
    public static string TextOf(long microseconds) =>
        Of(microseconds).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
