using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Intake.Sending;

/// <summary>
/// Finds the id for fetching a list again: <c>{id}-2</c>, <c>{id}-3</c> and so on. An incomplete run is continued, so
/// asking twice does not start two runs.
/// </summary>
internal sealed partial class NextRun(ILedger ledger)
{
    /// <summary>Returns the id; the list's own if it was never run.</summary>
    /// <param name="listId">The list, or one of its runs.</param>
    /// <param name="contentHash">
    /// Hash of its content; null if unknown. Other lists that have such an id are skipped.
    /// </param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <exception cref="PipelineException">Permanent: the id is too long for a number.</exception>
    public async Task<string> FindAsync(string listId, string? contentHash, CancellationToken cancellationToken)
    {
        var first = await FirstAsync(listId, contentHash, cancellationToken);
        var free = await FirstFreeAsync(first, cancellationToken);
        for (var number = free - 1; number > 0; number--)
        {
            var run = await ledger.GetListAsync(IdOf(first, number), cancellationToken);
            if (run is not null && IsSame(run, contentHash))
                return run.State == ListState.Closed ? IdOf(first, free) : run.ListId;
        }
        return IdOf(first, free);
    }

    /// <summary>
    /// Returns the id under which a list is accepted: its own or, if lists of that id were erased, the first number
    /// that was not. The same list always gets the same id.
    /// </summary>
    /// <inheritdoc cref="FindAsync"/>
    public async Task<string> FindAcceptableAsync(
        string listId, string contentHash, CancellationToken cancellationToken)
    {
        if (!await ledger.IsErasedAsync(listId, cancellationToken))
            return listId;
        for (var number = 2; ; number++)
        {
            var id = IdOf(listId, number);
            if (await ledger.IsErasedAsync(id, cancellationToken))
                continue;
            if (await ledger.GetListAsync(id, cancellationToken) is not { } other || IsSame(other, contentHash))
                return id;
        }
    }

    private static string IdOf(string first, int number)
    {
        var id = number == 1 ? first : $"{first}-{number.ToString(CultureInfo.InvariantCulture)}";
        return ListIds.IsValid(id)
            ? id
            : throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"'{first}' is too long to number its runs. Name this one: --list-id ID.");
    }

    private async Task<string> FirstAsync(string listId, string? contentHash, CancellationToken cancellationToken)
    {
        var match = Numbered().Match(listId);
        return match.Success
            && await ledger.GetListAsync(match.Groups[1].Value, cancellationToken) is { } first
            && IsSame(first, contentHash)
            ? first.ListId
            : listId;
    }

    /// <summary>Doubles the number until an id is free, then halves the gap.</summary>
    private async Task<int> FirstFreeAsync(string first, CancellationToken cancellationToken)
    {
        var (taken, free) = (0, 1);
        while (await IsTakenAsync(first, free, cancellationToken))
            (taken, free) = (free, 2 * free);
        while (free - taken > 1)
        {
            var middle = taken + ((free - taken) / 2);
            (taken, free) = await IsTakenAsync(first, middle, cancellationToken) ? (middle, free) : (taken, middle);
        }
        return free;
    }

    private async Task<bool> IsTakenAsync(string first, int number, CancellationToken cancellationToken) =>
        await ledger.GetListAsync(IdOf(first, number), cancellationToken) is not null
        || await ledger.IsErasedAsync(IdOf(first, number), cancellationToken);

    private static bool IsSame(ListEntry entry, string? contentHash) =>
        contentHash is null || entry.ContentHash is null || entry.ContentHash == contentHash;

    [GeneratedRegex(@"^(.+)-[1-9][0-9]{0,8}\z")]
    private static partial Regex Numbered();
}
