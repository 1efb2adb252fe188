using System.Runtime.CompilerServices;
using Pipeline.Model.Series;
using Pipeline.Options;
using Pipeline.Stores.Local;

namespace Pipeline.Reports.Diff;

/// <summary>
/// Compares two runs. The first is kept in a temporary database and the second is streamed, so memory does not grow
/// with them.
/// </summary>
internal sealed class RunDiff(SeriesCompare compare)
{
    private readonly Dictionary<DifferenceKind, long> _counts = [];

    /// <summary>Number of inputs that are the same in both runs. Complete after the last difference.</summary>
    public long Same { get; private set; }

    /// <summary>Number of differences, by kind. Complete after the last difference.</summary>
    public long Count(DifferenceKind kind) => _counts.GetValueOrDefault(kind);

    /// <summary>
    /// Returns the differences: first in the order of the second run, then what it does not have, then what is new. If
    /// each run has an input with the same URL and different options, that is one difference.
    /// </summary>
    public async IAsyncEnumerable<Difference> CompareAsync(
        IAsyncEnumerable<RunInput> before, IAsyncEnumerable<RunInput> after,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var scratch = new RunScratch();
        await foreach (var input in before.WithCancellation(cancellationToken))
            scratch.Add(input.Key, input.Url, input.Outcome, input.IsLeftOut);
        await foreach (var input in after.WithCancellation(cancellationToken))
        {
            var known = scratch.Take(input.Key);
            if (known is null && input is { IsLeftOut: false, Outcome: not null })
                scratch.AddNew(input.Key, input.Url, input.Outcome);
            else if (Compare(known, input) is { } difference)
                yield return Counted(difference);
        }
        foreach (var (url, outcome) in scratch.Left())
            yield return Counted(
                scratch.TakeNew(url) is { } other
                    ? new(DifferenceKind.OptionsChanged, url, outcome, other)
                    : new(DifferenceKind.Gone, url, outcome, null));
        foreach (var (url, outcome) in scratch.New())
            yield return Counted(new(DifferenceKind.New, url, null, outcome));
    }

    private Difference? Compare(RunScratch.Known? known, RunInput input)
    {
        // What the first run left out, its series already had.
        var earlier = known is { IsLeftOut: true } ? input.Previous : known?.Outcome;
        if (!input.IsLeftOut && KindOf(earlier, input.Outcome) is { } kind)
            return new(kind, input.Url, earlier, input.Outcome);
        Same += known is null ? 0 : 1;
        return null;
    }

    private DifferenceKind? KindOf(SeriesOutcome? earlier, SeriesOutcome? later) => (earlier, later) switch
    {
        (null, null) => null,
        (null, _) => DifferenceKind.New,
        (_, null) => DifferenceKind.Failed,
        _ when !IsSameContent(earlier, later) => DifferenceKind.Changed,
        _ => earlier.HttpStatus == later.HttpStatus ? null : DifferenceKind.StatusChanged,
    };

    private bool IsSameContent(SeriesOutcome earlier, SeriesOutcome later) =>
        compare == SeriesCompare.Text && earlier.TextDigest is not null && later.TextDigest is not null
            ? earlier.TextDigest == later.TextDigest
            : earlier.ContentDigest == later.ContentDigest;

    private Difference Counted(Difference difference)
    {
        _counts[difference.Kind] = Count(difference.Kind) + 1;
        return difference;
    }
}
