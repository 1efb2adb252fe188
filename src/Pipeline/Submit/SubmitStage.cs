using System.Diagnostics;
using Pipeline.Diagnostics;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Submit;

/// <summary>
/// Handles queue <c>submissions</c>: posts a submission once, when its turn has come and the guards admit it. A second
/// message for the same submission does no harm.
/// </summary>
internal sealed class SubmitStage(
    ILedger ledger,
    SteeringGuard steering,
    SubmissionTurns turns,
    Resubmission repeats,
    SubmitGuards guards,
    SubmissionPoster poster,
    TimeProvider time)
{
    public async Task HandleAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var message = MessageReader.ReadSubmission(body);
        if (await ledger.GetSubmissionAsync(message.SubmissionId, cancellationToken) is not { } planned)
        {
            // A late message of an erased list ends without a trace, not as a dead letter.
            if (await ledger.IsErasedAsync(SubmissionIds.ListOf(message.SubmissionId), cancellationToken))
                return;
            throw PipelineException.Permanent(
                FailureReasons.Internal, $"The ledger does not know submission {message.SubmissionId}.");
        }

        await ListTrace.RunAsync(
            "process submissions", ActivityKind.Consumer, planned.Traced(message.TraceParent),
            () => PostAsync(planned, cancellationToken));
    }

    private async Task PostAsync(SubmissionEntry planned, CancellationToken cancellationToken)
    {
        if (!await steering.AdmitAsync(planned, cancellationToken))
            return;
        using var turn = await turns.TryEnterAsync(planned, cancellationToken);
        if (turn is null)
            return;
        if (planned.RepeatOf is not null)
            await repeats.TakeOverAsync(planned, cancellationToken);
        var inputs = await ledger.GetInputsAsync(planned.SubmissionId, cancellationToken);
        if (inputs.Any(i => i.State != InputState.Waiting))
        {
            // A submission is posted whole or not at all: a later search for its POST compares all of its inputs.
            // Sweep moves the inputs that still wait to another submission.
            await ledger.UpdateSubmissionAsync(planned.GiveUp(time.GetUtcNow()), cancellationToken);
            return;
        }

        // The rate limit may delay it for a long time, and the list may be paused or cancelled meanwhile.
        await poster.WaitForTurnAsync(cancellationToken);
        if (!await steering.AdmitPostAsync(planned, cancellationToken)
            || !await turns.TryPassAsync(planned, cancellationToken))
            return;
        try
        {
            var now = time.GetUtcNow();
            if (await guards.AdmitAsync(planned, inputs, now, cancellationToken))
                await poster.PostAsync(planned, inputs, now, cancellationToken);
        }
        finally
        {
            await turns.EndAsync(planned);
        }
    }
}
