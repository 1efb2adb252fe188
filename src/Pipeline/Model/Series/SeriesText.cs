using System.Globalization;

namespace Pipeline.Model.Series;

/// <summary>Describes a list's relation to its series, for people.</summary>
internal static class SeriesText
{
    /// <summary>
    /// Returns a sentence about the inputs that the series has a record of; null if there are none or no series.
    /// </summary>
    public static string? Describe(ListEntry list)
    {
        if (list is not { Series: not null, Known: > 0, KnownSince: { } since })
            return null;
        var known = string.Create(
            CultureInfo.InvariantCulture,
            $"{list.Known:N0} of {list.Inputs + list.LeftOut:N0} URLs were fetched in series '{list.Series}' "
                + $"since {since.UtcDateTime:yyyy-MM-dd HH:mm} UTC");
        return list.LeftOut == 0
            ? $"{known}. They are fetched again; --only-new leaves them out."
            : string.Create(CultureInfo.InvariantCulture, $"{known}. Left out: {list.LeftOut:N0}.");
    }
}
