using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Model;
using Pipeline.Nimble.Replies;
using Pipeline.Options;
using Pipeline.Outcomes;
using Pipeline.Ports;
using Pipeline.Submit.Evidence;

namespace Pipeline.Submit;

/// <summary>
/// Finds the inputs because of which Nimble refuses a submission. A refusal proves that nothing was accepted, so parts
/// of the submission are posted on their own: the inputs that the answer names and the rest, otherwise halves, until
/// the bad inputs are alone.
/// </summary>
internal sealed partial class Refusals(
    ILedger ledger, Resubmission repeats, RepeatChain chain, OutcomeRecorder outcomes,
    IOptions<PipelineOptions> options, ILogger<Refusals> logger)
{
    // A family's numbers are used up at 2,147; retries and replays need some too.
    private const int MaxFamily = 2000;

    private static readonly IReadOnlyDictionary<int, string> Unnamed = FrozenDictionary<int, string>.Empty;

    /// <summary>Continues with a submission that was refused for its content.</summary>
    /// <param name="refused">In that state in the ledger.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="answer">The refusal.</param>
    /// <param name="cancellationToken">Stops between two steps; Sweep continues.</param>
    public Task HandleAsync(
        SubmissionEntry refused, IReadOnlyList<InputEntry> inputs, PostOutcome.Refused answer,
        CancellationToken cancellationToken) =>
        answer.ConcernsAll
            ? FailAsync(refused, inputs, Unnamed, cancellationToken)
            : DivideAsync(refused, inputs, answer.Named, cancellationToken);

    /// <summary>
    /// Finishes a division that a crash interrupted. Inputs that still wait and are in no part are divided; if the
    /// submission was not refused for its content, they move to one new submission.
    /// </summary>
    public async Task ResumeAsync(
        SubmissionEntry refused, IReadOnlyList<InputEntry> waiting, CancellationToken cancellationToken)
    {
        var left = await repeats.GoOnAsync(refused, waiting, cancellationToken);
        if (left.Count == 0)
            return;
        await (refused.Proof == PostProof.Refusal
            ? DivideAsync(refused, left, Unnamed, cancellationToken)
            : repeats.DivideAsync(refused, [left], cancellationToken));
    }

    /// <summary>Fails inputs that Nimble refused although it accepted their submission.</summary>
    public async Task EndRefusedAsync(
        SubmissionEntry accepted, IReadOnlyList<(InputEntry Input, string Message)> refused,
        CancellationToken cancellationToken)
    {
        if (refused.Count == 0)
            return;
        LogRefused(refused.Count, accepted.SubmissionId, refused[0].Message);
        var messages = refused.ToDictionary(r => r.Input.Ordinal, r => r.Message);
        await outcomes.FailEachAsync(
            accepted, [.. refused.Select(r => r.Input)], input => CauseOf(messages[input.Ordinal]), cancellationToken);
    }

    private async Task DivideAsync(
        SubmissionEntry refused, IReadOnlyList<InputEntry> waiting, IReadOnlyDictionary<int, string> named,
        CancellationToken cancellationToken)
    {
        var pointedAt = waiting.Where(i => named.ContainsKey(i.Ordinal)).ToList();
        // Inputs that the answer names are posted once more on their own: if it named the wrong ones, they are
        // accepted.
        if (refused.Count == 1 || pointedAt.Count == waiting.Count || await IsHopelessAsync(refused, cancellationToken))
        {
            await FailAsync(refused, waiting, named, cancellationToken);
            return;
        }

        IReadOnlyList<IReadOnlyList<InputEntry>> groups = pointedAt.Count > 0
            && !await IsRestAsync(refused, cancellationToken)
            ? [[.. waiting.Except(pointedAt)], pointedAt]
            : [[.. waiting.Take(waiting.Count / 2)], [.. waiting.Skip(waiting.Count / 2)]];
        LogDivided(refused.SubmissionId, groups[0].Count, groups[1].Count);
        await repeats.DivideAsync(refused, groups, cancellationToken);
    }

    /// <summary>
    /// Whether this is the rest of a batch whose answer named inputs. If so, it named too few or the wrong ones, and
    /// halving finds the bad inputs sooner.
    /// </summary>
    private async Task<bool> IsRestAsync(SubmissionEntry refused, CancellationToken cancellationToken) =>
        refused.RepeatOf is { } whole && await ledger.GetSubmissionAsync(whole, cancellationToken) is { } before
            && refused.Count > (before.Count + 1) / 2;

    /// <summary>
    /// Whether many parts were refused and none was accepted, so no single input is to blame; or all names for parts
    /// are used up.
    /// </summary>
    private async Task<bool> IsHopelessAsync(SubmissionEntry refused, CancellationToken cancellationToken)
    {
        var planned = await ledger.GetSubmissionAsync(SubmissionIds.PlannedOf(refused), cancellationToken);
        int family = 0, refusals = 0, accepted = 0;
        await foreach (var member in chain.ReadAfterAsync(planned!.ListId, planned.Sequence, cancellationToken)
            .Prepend(planned))
        {
            refusals += member.Proof == PostProof.Refusal ? 1 : 0;
            accepted += member.AcceptedAt is null ? 0 : 1;
            if (++family > MaxFamily)
                return true;
        }

        return refusals >= options.Value.Submit.MaxRefusals && accepted == 0;
    }

    /// <summary>
    /// Fails inputs of a refused submission. The refusal describes everything that is wrong with the batch, so if there
    /// are several inputs, each gets only what concerns it.
    /// </summary>
    private Task FailAsync(
        SubmissionEntry refused, IReadOnlyList<InputEntry> inputs, IReadOnlyDictionary<int, string> named,
        CancellationToken cancellationToken)
    {
        LogRefused(inputs.Count, refused.SubmissionId, refused.Message ?? "");
        return outcomes.FailEachAsync(
            refused, inputs,
            input => CauseOf(
                inputs.Count > 1 && named.TryGetValue(input.Ordinal, out var own)
                    ? $"Nimble refused this input: {own}"
                    : $"Nimble refused the submission: {refused.Message}"),
            cancellationToken);
    }

    private static FailureCause CauseOf(string message) => new("submit", FailureReasons.SubmissionRefused, message);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message =
            "Submission {SubmissionId} was refused for its content and is divided. Inputs of the "
                + "parts: {First} and {Second}.")]
    private partial void LogDivided(string submissionId, int first, int second);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Submission {SubmissionId} failed with submission_refused ({Inputs} of its inputs): {Reason}")]
    private partial void LogRefused(int inputs, string submissionId, string reason);
}
