using System.Runtime.CompilerServices;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Stores.Keeping;

namespace Pipeline.Submit.Evidence;

/// <summary>
/// Reads the submissions that post inputs of a planned submission again. Their numbers follow each other, except after
/// a restore, where those that were posted in the lost time keep their numbers (<see cref="EarlierParts"/>).
/// </summary>
internal sealed class RepeatChain(ILedger ledger, RecentRestore restores)
{
    /// <summary>Reads the later repeats of the same planned submission, by number.</summary>
    public async IAsyncEnumerable<SubmissionEntry> ReadAfterAsync(
        string listId, int sequence, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var next = SubmissionIds.Next(sequence);
        if (await restores.FindAsync(cancellationToken) is not null)
        {
            await foreach (var repeat in ledger.GetSubmissionsAsync(listId, next, cancellationToken))
                if ((repeat.Sequence - sequence) % SubmissionIds.MaxPlanned == 0)
                    yield return repeat;
            yield break;
        }

        while (await ledger.GetSubmissionAsync(SubmissionIds.Of(listId, next), cancellationToken) is { } repeat)
        {
            yield return repeat;
            next = SubmissionIds.Next(next);
        }
    }
}
