using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Ports;

namespace Pipeline.Cli.Run;

/// <summary>Says, as soon as a list is planned, how much of it its series already has.</summary>
internal sealed class SeriesNotice(ILedger ledger, IReadOnlyList<string> listIds)
{
    private readonly HashSet<string> _left = [.. listIds];

    /// <summary>Returns what is to be said of the lists that were planned since the last call.</summary>
    public async Task<IReadOnlyList<string>> ReadAsync(CancellationToken cancellationToken)
    {
        var notices = new List<string>();
        foreach (var id in _left.ToList())
        {
            if (await ledger.GetListAsync(id, cancellationToken) is not { State: not ListState.Planning } list)
                continue;
            _left.Remove(id);
            if (SeriesText.Describe(list) is { } notice)
                notices.Add($"{list.Source ?? id}: {notice}");
        }
        return notices;
    }
}
