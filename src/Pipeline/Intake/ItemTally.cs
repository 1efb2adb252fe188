using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.Intake;

/// <summary>
/// Counts items while it is not known yet whether shared_inputs have a URL: they may stand behind the items. Items
/// without a URL are therefore counted apart.
/// </summary>
internal sealed partial class ItemTally
{
    private const int Kept = 10;

    private readonly List<ListItem> _bad = [];
    private readonly List<ListItem> _withoutUrl = [];
    private long _valid;
    private long _withoutUrlCount;

    /// <summary>
    /// Good items that are nothing but a URL and end in a comma and a word, as rows of a CSV list do.
    /// </summary>
    public long LikeRows { get; private set; }

    /// <summary>The first of <see cref="LikeRows"/>.</summary>
    public ListItem FirstRow { get; private set; }

    /// <summary>All items.</summary>
    public long Count { get; private set; }

    /// <summary>Counts one.</summary>
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
        }
    }

    /// <summary>How many are good, and the first bad ones.</summary>
    public (long Valid, IReadOnlyList<BadLine> FirstBad) With(SharedInputs shared) =>
        (
            shared.Url is null ? _valid : _valid + _withoutUrlCount,
            [
                .. _bad.Concat(shared.Url is null ? _withoutUrl : [])
                    .OrderBy(i => i.Line)
                    .Take(Kept)
                    .Select(i => new BadLine(i.Line, i.Text, i.ErrorWith(shared)!)),
            ]
        );

    [GeneratedRegex(@",\p{L}[\p{L} ]{1,40}\z")]
    private static partial Regex RowEnd();

    // Its fields are gone with the next item; they are not needed here.
    private static void Keep(List<ListItem> kept, in ListItem item)
    {
        if (kept.Count < Kept)
            kept.Add(item with { Fields = default });
    }
}
