using Microsoft.Extensions.Options;
using Pipeline.Diagnostics;
using Pipeline.Model;
using Pipeline.Nimble;
using Pipeline.Nimble.Replies;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Submit;

/// <summary>
/// Posts a submission once. The intent is in the ledger before the request leaves: whoever cannot write it does not
/// post.
/// </summary>
internal sealed class SubmissionPoster(
    ILedger ledger,
    NimbleClient nimble,
    SubmissionDelivery deliveries,
    PostAnswers answers,
    BudgetGuard budget,
    IOptions<PipelineOptions> options,
    TimeProvider time)
{
    /// <summary>Waits until a POST may be sent.</summary>
    public Task WaitForTurnAsync(CancellationToken cancellationToken) => nimble.WaitToPostAsync(cancellationToken);

    /// <summary>Writes the intent, sends the POST, and acts on its answer.</summary>
    /// <param name="planned">A submission that the guards admitted.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="now">The time of the intent; it names the day whose budget the guards charged.</param>
    /// <param name="cancellationToken">Cancels the work before the POST. Nothing cancels the POST.</param>
    public async Task PostAsync(
        SubmissionEntry planned, IReadOnlyList<InputEntry> inputs, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        if (await ledger.UpdateSubmissionAsync(Intent(planned, now), cancellationToken) is not { } intent)
        {
            await GiveBackIfEndedAsync(planned, now, cancellationToken);
            return;
        }

        CrashPoint.Pass("submit.after-intent");
        if (time.GetUtcNow() - now > options.Value.Sweep.PostingLease / 2)
        {
            // This worker stalled between intent and POST, and Sweep may soon call the POST unknown. Nothing was sent.
            await answers.HandleUnsentAsync(planned, intent, cancellationToken);
            return;
        }

        // A cancelled POST would be one whose outcome nobody knows. The client's time-out bounds it.
        var outcome = await SendAsync(intent, inputs);
        CrashPoint.Pass("submit.after-post");
        Measure(outcome, intent.Count, time.GetUtcNow() - now, options.Value.Nimble.PricePerUrl);
        await answers.HandleAsync(planned, intent, inputs, outcome, cancellationToken);
    }

    private static void Measure(PostOutcome outcome, int urls, TimeSpan took, decimal? price)
    {
        var (name, status) = outcome switch
        {
            PostOutcome.Accepted => ("accepted", null),
            PostOutcome.Refused { Kind: RefusalKind.Content } refused => ("refused", refused.HttpStatus),
            PostOutcome.Refused held => ("held", held.HttpStatus),
            _ => ("unknown", (int?)null),
        };
        PipelineMetrics.CountPost(name, status, urls, price);
        PipelineMetrics.MeasureLag("post", took);
    }

    /// <summary>
    /// Gives the budget back if the submission was ended or erased, such as by a cancelled list, after the budget was
    /// taken.
    /// </summary>
    private async Task GiveBackIfEndedAsync(
        SubmissionEntry planned, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var current = await ledger.GetSubmissionAsync(planned.SubmissionId, cancellationToken);
        if (current is null
            || (current is { State: SubmissionState.Refused or SubmissionState.Closed }
                && current.PostedAt == planned.PostedAt))
            await budget.GiveBackAsync(planned with { PostedAt = now }, cancellationToken);
    }

    private SubmissionEntry Intent(SubmissionEntry planned, DateTimeOffset now) =>
        deliveries.AddTo(planned.ToPosting(now, options.Value.Sweep.PostingCheck));

    private Task<PostOutcome> SendAsync(SubmissionEntry intent, IReadOnlyList<InputEntry> inputs)
    {
        var callbackUrl = deliveries.CallbackUrlOf(intent);
        return inputs.Count == 1
            ? nimble.PostSingleAsync(SubmissionBody.Single(intent, inputs[0], callbackUrl), CancellationToken.None)
            : nimble.PostBatchAsync(SubmissionBody.Batch(intent, inputs, callbackUrl), CancellationToken.None);
    }
}
