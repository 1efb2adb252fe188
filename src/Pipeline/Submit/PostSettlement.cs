using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Submit;

/// <summary>Writes the outcome of a POST.</summary>
internal static class PostSettlement
{
    /// <summary>
    /// Writes what the answer to a POST proves. Sweep may have looked at the submission while the POST was under way,
    /// and may even have found it accepted. If so, nothing is written.
    /// </summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="intent">The submission as it was posted.</param>
    /// <param name="change">The transition; it is applied to the submission as it is now.</param>
    /// <returns>The submission afterwards; null if somebody else had settled its POST.</returns>
    public static async Task<SubmissionEntry?> SettleAsync(
        this ILedger ledger, SubmissionEntry intent, Func<SubmissionEntry, SubmissionEntry> change)
    {
        var current = intent;
        while (current is { State: SubmissionState.Posting or SubmissionState.Unknown }
            && current.PostedAt == intent.PostedAt)
        {
            if (await ledger.UpdateSubmissionAsync(change(current), CancellationToken.None) is { } settled)
                return settled;
            current = await ledger.GetSubmissionAsync(intent.SubmissionId, CancellationToken.None);
        }

        return null;
    }
}
