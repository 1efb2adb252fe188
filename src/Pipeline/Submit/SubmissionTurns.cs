using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Concurrency;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;

namespace Pipeline.Submit;

/// <summary>
/// Decides whether a submission may be worked on now. If not, it sends the submission's message again for later, or
/// leaves the submission to Sweep.
/// </summary>
internal sealed partial class SubmissionTurns(
    ILedger ledger,
    IWorkQueue queue,
    SubmissionHolds holds,
    SubmissionGate gate,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<SubmissionTurns> logger)
{
    private readonly ListShares _shares = new(options.Value.Submit.ConcurrencyPerList, time);

    /// <summary>Waits a moment for the submission's turn.</summary>
    /// <param name="submission">The submission as the ledger has it.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>The turn, to dispose after the POST; null if the submission must not be posted now.</returns>
    public async Task<IDisposable?> TryEnterAsync(SubmissionEntry submission, CancellationToken cancellationToken)
    {
        switch (submission)
        {
            case { State: SubmissionState.Posting }:
                await LookNowAsync(submission, cancellationToken);
                return null;
            case { State: not SubmissionState.Planned }:
                return null;
            case { FirstCallbackAt: not null, PostedAt: not null }:
                await CallOffAsync(submission, cancellationToken);
                return null;
        }

        // The delay of a retry may exceed the longest delay of a queue.
        if (submission.NotBefore - time.GetUtcNow() is { } early && early > TimeSpan.Zero)
            return await SendLaterAsync(submission, early, cancellationToken);
        if (await _shares.TryEnterAsync(submission.ListId, cancellationToken) is not { } turn)
            return await SendLaterAsync(submission, ListShares.Later, cancellationToken);
        if (await gate.FindAsync(cancellationToken) is not { } pause)
            return turn;
        using (turn)
            await HoldAsync(submission, pause, cancellationToken);
        return null;
    }

    /// <summary>
    /// Asks right before the POST whether submission is paused. After a pause, the first submission passes alone, and
    /// the others wait for its answer: call <see cref="EndAsync"/> after a pass.
    /// </summary>
    /// <returns>Whether it may be posted; otherwise it waits.</returns>
    public async Task<bool> TryPassAsync(SubmissionEntry planned, CancellationToken cancellationToken)
    {
        if (await gate.TryPassAsync(planned.SubmissionId, cancellationToken) is not { } pause)
            return true;
        await HoldAsync(planned, pause, cancellationToken);
        return false;
    }

    /// <summary>Lets another submission try if this one was to try and its POST proved nothing.</summary>
    public Task EndAsync(SubmissionEntry planned) => gate.GiveUpTrialAsync(planned.SubmissionId);

    /// <summary>
    /// Puts a submission off. While another one tries, that takes seconds: nothing is written, and nobody is given up.
    /// </summary>
    private async Task HoldAsync(
        SubmissionEntry planned, SubmissionGate.Pause pause, CancellationToken cancellationToken)
    {
        var delay = pause.Until - time.GetUtcNow();
        if (pause.IsTried)
            await SendLaterAsync(planned, delay, cancellationToken);
        else
            await holds.WaitAsync(planned, pause.Hold, pause.Reason, delay, cancellationToken);
    }

    private async Task<IDisposable?> SendLaterAsync(
        SubmissionEntry planned, TimeSpan delay, CancellationToken cancellationToken)
    {
        await queue.SendAsync(new SubmissionMessage(planned.SubmissionId), delay, cancellationToken);
        return null;
    }

    /// <summary>
    /// Lets Sweep look for the POST at once. A message for a POST under way comes again only if its worker was killed
    /// or stalled.
    /// </summary>
    private async Task LookNowAsync(SubmissionEntry posting, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (posting.DueAt > now)
            await ledger.UpdateSubmissionAsync(posting.LookNow(now), cancellationToken);
    }

    /// <summary>Calls the next POST off: a webhook came for the last one, so the next one would be a second.</summary>
    private async Task CallOffAsync(SubmissionEntry planned, CancellationToken cancellationToken)
    {
        if (await ledger.UpdateSubmissionAsync(planned.CallOff(time.GetUtcNow()), cancellationToken) is not null)
            LogCalledOff(planned.SubmissionId);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Submission {SubmissionId} seemed absent and was about to be posted again, but a webhook came for it. "
        + "It is not posted again; Sweep looks for it.")]
    private partial void LogCalledOff(string submissionId);
}
