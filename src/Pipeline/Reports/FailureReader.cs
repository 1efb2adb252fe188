using System.Runtime.CompilerServices;
using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Ports;

namespace Pipeline.Reports;

/// <summary>The failures that stand, as the ledger has them.</summary>
internal sealed class FailureReader(ILedger ledger)
{
    /// <summary>Those of one list, by submission and place in it.</summary>
    public async IAsyncEnumerable<Failure> ReadAsync(string listId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var submission in ledger.GetSubmissionsAsync(listId, cancellationToken))
        {
            // Inputs are many, and on Azure each row that is read is paid for.
            if (submission is { State: SubmissionState.Closed, Failures: 0 })
                continue;
            foreach (var input in await ledger.GetInputsAsync(submission.SubmissionId, cancellationToken))
                if (input is { State: InputState.Failed, Failure: not null })
                    yield return FailureText.Read(input);
        }
    }
}
