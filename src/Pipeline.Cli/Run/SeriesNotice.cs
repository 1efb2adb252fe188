using Pipeline.Model;
using Pipeline.Model.Series;
using Pipeline.Ports;
using Spectre.Console;

namespace Pipeline.Cli.Run;

/// <summary>Says, as soon as a list is planned, how much of it its series already has.</summary>
internal sealed class SeriesNotice(IAnsiConsole console, ILedger ledger, IReadOnlyList<string> listIds)
{
    private readonly HashSet<string> _left = [.. listIds];

    /// <summary>Says it for the lists that were planned since the last call.</summary>
    public async Task SayAsync(CancellationToken cancellationToken)
    {
        foreach (var id in _left.ToList())
        {
            if (await ledger.GetListAsync(id, cancellationToken) is not { State: not ListState.Planning } list)
                continue;
            _left.Remove(id);
            if (SeriesText.Describe(list) is { } notice)
                console.WriteWhole($"{list.Source ?? id}: {notice}");
        }
    }
}
