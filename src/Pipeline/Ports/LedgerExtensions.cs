using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>Shorter forms of calls of <see cref="ILedger"/>.</summary>
internal static class LedgerExtensions
{
    /// <summary>Writes the inputs whose versions are current, and no tasks.</summary>
    public static Task<IReadOnlyList<InputEntry?>> UpdateInputsAsync(
        this ILedger ledger, IReadOnlyList<InputEntry> inputs, CancellationToken cancellationToken) =>
        ledger.UpdateInputsAsync(inputs, [], cancellationToken);
}
