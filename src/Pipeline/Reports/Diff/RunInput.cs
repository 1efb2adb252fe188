using Pipeline.Model.Series;

namespace Pipeline.Reports.Diff;

/// <summary>What <c>diff</c> compares of one input of a run.</summary>
/// <param name="Key">Identifies the input in both runs: 16 hex digits of a hash over the effective input.</param>
/// <param name="Url">The URL as written in the list; empty for an input that was left out.</param>
/// <param name="Outcome">Its record; null if it has none.</param>
internal sealed record RunInput(string Key, string Url, SeriesOutcome? Outcome)
{
    /// <summary>Number of hex digits of a key.</summary>
    public const int KeyDigits = 16;

    /// <summary>Whether it was left out because its series had a record, which still counts.</summary>
    public bool IsLeftOut { get; init; }

    /// <summary>The series' record before this run; null if there is none.</summary>
    public SeriesOutcome? Previous { get; init; }
}

/// <summary>How an input differs between two runs.</summary>
internal enum DifferenceKind
{
    /// <summary>Only the second run has a record.</summary>
    New,

    /// <summary>Both runs have the URL, with different options.</summary>
    OptionsChanged,

    /// <summary>The second run does not have the input.</summary>
    Gone,

    /// <summary>The content differs.</summary>
    Changed,

    /// <summary>The content is the same, and the HTTP status differs.</summary>
    StatusChanged,

    /// <summary>The first run has a record, and the second a failure or nothing yet.</summary>
    Failed,
}

/// <summary>One difference between two runs.</summary>
/// <param name="Kind">What differs.</param>
/// <param name="Url">The URL; empty for an input that the first run left out and the second does not have.</param>
/// <param name="Before">The record of the first run; null if there is none.</param>
/// <param name="After">The record of the second run; null if there is none.</param>
internal sealed record Difference(DifferenceKind Kind, string Url, SeriesOutcome? Before, SeriesOutcome? After);
