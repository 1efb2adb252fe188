using System.Runtime.CompilerServices;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Reports;

/// <summary>A current failure.</summary>
/// <param name="Failure">The failure.</param>
/// <param name="IsFinal">
/// Whether its submission is closed. Before that, it cannot be replayed, because work on the submission continues.
/// </param>
internal sealed record CurrentFailure(Failure Failure, bool IsFinal);

/// <summary>Reads the current failures from the ledger.</summary>
internal sealed class FailureReader(ILedger ledger)
{
    /// <summary>Reads the failures of a list, by submission and position.</summary>
    public IAsyncEnumerable<Failure> ReadAsync(string listId, CancellationToken cancellationToken) =>
        ReadCurrentAsync(listId, cancellationToken).Select(current => current.Failure);

    /// <summary>Reads the failures of a list, and whether each can be replayed now.</summary>
    public async IAsyncEnumerable<CurrentFailure> ReadCurrentAsync(
        string listId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var submission in ledger.GetSubmissionsAsync(listId, cancellationToken))
        {
            // Skip submissions without failures: inputs are many, and Azure bills every row read.
            if (submission is { State: SubmissionState.Closed, Failures: 0 })
                continue;
            foreach (var input in await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken))
                if (input is { State: InputState.Failed, Failure: not null })
                    yield return new(FailureText.Read(input), submission.State == SubmissionState.Closed);
        }
    }
}
