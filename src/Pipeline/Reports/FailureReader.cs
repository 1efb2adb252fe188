using System.Runtime.CompilerServices;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Reports;

/// <summary>Reads the current failures from the ledger.</summary>
internal sealed class FailureReader(ILedger ledger)
{
    /// <summary>Reads the failures of a list, by submission and position.</summary>
    public async IAsyncEnumerable<Failure> ReadAsync(
        string listId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var submission in ledger.GetSubmissionsAsync(listId, cancellationToken))
        {
            // Skip submissions without failures: inputs are many, and Azure bills every row read.
            if (submission is { State: SubmissionState.Closed, Failures: 0 })
                continue;
            foreach (var input in await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken))
                if (input is { State: InputState.Failed, Failure: not null })
                    yield return FailureText.Read(input);
        }
    }
}
