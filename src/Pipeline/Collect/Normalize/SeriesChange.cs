using Pipeline.Model.Series;
using Pipeline.Options;

namespace Pipeline.Collect.Normalize;

/// <summary>Compares a result with the last record of the same input in its series.</summary>
internal static class SeriesChange
{
    /// <summary>Returns what the ledger keeps about the comparison; null for a list without a series.</summary>
    public static InputSeries? Of(NormalizedResult result, RecordContext context)
    {
        if (context.Input.Series is not { } series)
            return null;
        var current = new SeriesOutcome(result.ContentDigest, result.TextDigest, result.StatusCode);
        return series with { Current = current, Change = Compare(series.Previous, current, context.Compare) };
    }

    /// <summary>The word for a change in records and messages.</summary>
    public static string NameOf(RecordChange change) =>
        change switch
        {
            RecordChange.New => "new",
            RecordChange.Same => "same",
            _ => "changed",
        };

    // A result without text is compared by its content.
    private static RecordChange Compare(SeriesOutcome? previous, SeriesOutcome current, SeriesCompare mode) =>
        previous is null ? RecordChange.New
        : previous.HttpStatus != current.HttpStatus ? RecordChange.Changed
        : mode == SeriesCompare.Text && previous.TextDigest is not null && current.TextDigest is not null
            ? Of(previous.TextDigest == current.TextDigest)
        : Of(previous.ContentDigest == current.ContentDigest && previous.TextDigest == current.TextDigest);

    private static RecordChange Of(bool isSame) => isSame ? RecordChange.Same : RecordChange.Changed;
}
