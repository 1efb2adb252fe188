using System.Runtime.CompilerServices;
using Pipeline.Intake;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Reports.Diff;

/// <summary>Reads the inputs of a run of a series from the ledger, a submission at a time.</summary>
internal sealed class LedgerRun(ILedger ledger)
{
    /// <summary>Reads the inputs, and the keys of those that were left out.</summary>
    public async IAsyncEnumerable<RunInput> ReadAsync(
        string listId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var submission in ledger.GetSubmissionsAsync(listId, cancellationToken))
        {
            foreach (var input in await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken))
            {
                if (input is { State: not InputState.Moved, Series: not null })
                    yield return Describe(input);
            }
        }
        await foreach (var pin in ledger.GetPinsAsync(listId, cancellationToken))
        {
            foreach (var key in SeriesPin.LeftOut(pin))
                yield return new(key, "", null) { IsLeftOut = true };
        }
    }

    private static RunInput Describe(InputEntry input) =>
        new(
            input.Series!.Key[..RunInput.KeyDigits],
            input.Url,
            input.State == InputState.Recorded ? input.Series.Current : null)
        {
            Previous = input.Series.Previous,
        };
}
