using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Submit;

/// <summary>
/// Sends the messages of planned submissions again: a message may be lost, and a second one does no harm.
/// </summary>
internal sealed class PlannedSubmissions(ILedger ledger, IWorkQueue queue)
{
    /// <summary>Writes a planned submission, then sends its message.</summary>
    /// <param name="planned">The submission after its transition.</param>
    /// <param name="cancellationToken">
    /// Cancels between the two steps; Sweep then sends the message after a grace period.
    /// </param>
    /// <returns>False if somebody else has changed the submission: nothing is sent.</returns>
    public async Task<bool> SendAgainAsync(SubmissionEntry planned, CancellationToken cancellationToken)
    {
        if (await ledger.UpdateSubmissionAsync(planned, cancellationToken) is null)
            return false;
        await queue.SendAsync(new SubmissionMessage(planned.SubmissionId), TimeSpan.Zero, cancellationToken);
        return true;
    }
}
