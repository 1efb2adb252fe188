using System.Globalization;
using Pipeline.Cli.Settings;
using Pipeline.Model.Series;

namespace Pipeline.Cli.Lists;

/// <summary>Says that a list was completed before, so nothing of it is fetched, and how to fetch it again.</summary>
internal static class CompletedNotice
{
    /// <summary>Composes it.</summary>
    /// <param name="settings">What the command was asked for.</param>
    /// <param name="list">The list's name.</param>
    /// <param name="series">The series that it was to be a run of; null for none.</param>
    /// <param name="at">When it was completed.</param>
    public static string Of(RunSettings settings, string list, SeriesRequest? series, DateTimeOffset? at)
    {
        var place = settings.WorkStore.IsShared ? "account" : "folder";
        var again = series is { OnlyNew: true }
            ? $"to run it once more: what series '{series.Name}' already has is left out."
            : "to fetch it again.";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{list} was completed in this {place} on {at:yyyy-MM-dd HH:mm} UTC. "
                + $"Add {SeriesSettings.Again.Name} {again}");
    }
}
