using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Intake.Reading;

namespace Pipeline.Intake;

/// <summary>
/// Counts the items of a list. Items without a URL are counted separately: they are valid if shared_inputs have a URL,
/// and shared_inputs may follow the items.
/// </summary>
internal sealed partial class ItemCounter
{
    private const int Kept = 10;

    private readonly List<ListItem> _bad = [];
    private readonly List<ListItem> _withoutUrl = [];
    private long _valid;
    private long _withoutUrlCount;

    /// <summary>
    /// Number of valid items that are only a URL but end with a delimiter, alone or with words, like a CSV row.
    /// </summary>
    public long LikeRows { get; private set; }

    /// <summary>The first of <see cref="LikeRows"/>.</summary>
    public ListItem FirstRow { get; private set; }

    /// <summary>
    /// Number of valid items whose URL has <c>&amp;amp;</c>, which is how XML and HTML write an ampersand.
    /// </summary>
    public long Escaped { get; private set; }

    /// <summary>The URL of the first of <see cref="Escaped"/>.</summary>
    public string? FirstEscaped { get; private set; }

    /// <summary>Number of all items.</summary>
    public long Count { get; private set; }

    /// <summary>Counts an item.</summary>
    public void Add(in ListItem item)
    {
        Count++;
        if (item.Error is not null)
        {
            Keep(_bad, item);
        }
        else if (item.Url is null)
        {
            _withoutUrlCount++;
            Keep(_withoutUrl, item);
        }
        else
        {
            _valid++;
            if (item.Fields.ValueKind == JsonValueKind.Undefined && RowEnd().IsMatch(item.Url) && LikeRows++ == 0)
                FirstRow = item;
            if (item.Url.Contains("&amp;", StringComparison.Ordinal) && Escaped++ == 0)
                FirstEscaped = item.Url;
        }
    }

    /// <summary>Returns the number of valid items and the first ten bad lines.</summary>
    public (long Valid, IReadOnlyList<BadLine> FirstBad) With(SharedInputs shared) =>
        (shared.Url is null ? _valid : _valid + _withoutUrlCount,
            [
                .. _bad.Concat(shared.Url is null ? _withoutUrl : [])
                    .OrderBy(i => i.Line)
                    .Take(Kept)
                    .Select(i => new BadLine(i.Line, i.Text, i.ErrorWith(shared)!)),
            ]);

    [GeneratedRegex(@"[,;|](?:\p{L}[\p{L} ]{1,40})?\z")]
    private static partial Regex RowEnd();

    // The fields are invalid after the next item is read, and they are not needed here.
    private static void Keep(List<ListItem> kept, in ListItem item)
    {
        if (kept.Count < Kept)
            kept.Add(item with { Fields = default });
    }
}
