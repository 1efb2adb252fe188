using System.Runtime.CompilerServices;

namespace Pipeline.Model;

/// <summary>
/// The life of a submission. Every change of <see cref="SubmissionEntry.State"/> and <see
/// cref="SubmissionEntry.DueAt"/> is a method of this file; no other file sets them. Each method checks its
/// precondition, so that a wrong call is a bug that is seen at once. The caller writes the result conditionally:
/// it counts only if nobody else has changed the submission since it was read.
/// </summary>
/// <remarks>
/// <code>
/// [*]      → Planned    Plan
/// Planned  → Posting    ToPosting                the intent, before the one POST
/// Planned  → Unknown    CallOff, Compare         a webhook came for the last POST, or the ledger was restored
/// Planned  → Refused    GiveUp                   a guard, a division or too many failed tries
/// Posting  → Accepted   ToAccepted               the answer, or evidence
/// Posting  → Planned    BackToPlanned            proof that nothing was accepted
/// Posting  → Refused    ToRefused, GiveUp        Nimble refuses the content, or no evidence comes
/// Posting  → Unknown    ToUnknown, LookInVain    no proof either way
/// Unknown  → Accepted   ToAccepted               evidence
/// Unknown  → Planned    BackToPlanned, PostAgain proof that nothing was accepted; NotLost after a restore
/// Unknown  → Refused    ToRefused, GiveUp        Nimble refuses the content, or no evidence comes
/// Accepted → Closed     ToClosed                 every input has its outcome
/// Refused  → Closed     ToClosed                 every input has its outcome
/// Refused  → Accepted   ToAccepted               evidence that comes late
/// Closed   → Accepted   ToAccepted, Reopen       evidence that comes late; an input without its outcome again
/// Closed   → Refused    Reopen                   an input without its outcome again
/// </code>
/// <see cref="WaitFor"/>, <see cref="SendAgain"/>, <see cref="Look"/>, <see cref="LookLater"/>, <see cref="LookNow"/>
/// and <see cref="PutOff"/> change the due time and leave the state.
/// </remarks>
internal static class SubmissionTransitions
{
    /// <summary>How long after the due time of its message a planned submission counts as forgotten.</summary>
    public static readonly TimeSpan PlannedGrace = TimeSpan.FromMinutes(10);

    /// <summary>A new submission, to be posted.</summary>
    /// <param name="submissionId">Its id.</param>
    /// <param name="listId">Its list.</param>
    /// <param name="sequence">Its position in the list.</param>
    /// <param name="count">Number of its inputs.</param>
    /// <param name="dueAt">When Sweep sends its message again, unless it has been posted.</param>
    public static SubmissionEntry Plan(
        string submissionId, string listId, int sequence, int count, DateTimeOffset dueAt) => new()
    {
        SubmissionId = submissionId,
        ListId = listId,
        Sequence = sequence,
        Count = count,
        State = SubmissionState.Planned,
        DueAt = dueAt,
    };

    /// <summary>A new submission that reads the delivered results of another one again. Nothing is posted.</summary>
    /// <param name="submissionId">Its id.</param>
    /// <param name="listId">Its list.</param>
    /// <param name="sequence">Its position in the list.</param>
    /// <param name="count">Number of its inputs.</param>
    /// <param name="delivered">The submission that was posted.</param>
    /// <param name="now">The time from which deadlines count.</param>
    /// <param name="dueAt">When Sweep checks its results.</param>
    public static SubmissionEntry PlanDelivered(
        string submissionId, string listId, int sequence, int count, SubmissionEntry delivered, DateTimeOffset now,
        DateTimeOffset dueAt) => new()
    {
        SubmissionId = submissionId,
        ListId = listId,
        Sequence = sequence,
        Count = count,
        State = SubmissionState.Accepted,
        SharedInputs = delivered.SharedInputs,
        StorageUrl = delivered.StorageUrl,
        Compressed = delivered.Compressed,
        BatchId = delivered.BatchId,
        Proof = delivered.Proof,
        PostedAt = delivered.PostedAt,
        AcceptedAt = now,
        DueAt = dueAt,
    };

    /// <summary>
    /// A new submission of invalid lines: all of them are failures from the start, and nothing is posted.
    /// </summary>
    public static SubmissionEntry PlanClosed(
        string submissionId, string listId, int sequence, int count, string tally) => new()
    {
        SubmissionId = submissionId,
        ListId = listId,
        Sequence = sequence,
        Count = count,
        State = SubmissionState.Closed,
        Failures = count,
        Tally = tally,
    };

    /// <summary>
    /// Planned → Planned: its message is sent again. A second message does no harm (promise 2: the intent lets one
    /// through).
    /// </summary>
    public static SubmissionEntry SendAgain(this SubmissionEntry planned, DateTimeOffset now)
    {
        Require(planned, planned.State == SubmissionState.Planned);
        return planned with { DueAt = now + PlannedGrace };
    }

    /// <summary>Planned → Planned: it waits, with a reason.</summary>
    /// <param name="planned">The submission.</param>
    /// <param name="reason">What it waits for; None for a wait of seconds.</param>
    /// <param name="since">When the wait began; null if it waits for nothing.</param>
    /// <param name="wakeAt">When its message becomes visible again.</param>
    /// <param name="setback">What status shows.</param>
    public static SubmissionEntry WaitFor(
        this SubmissionEntry planned, HoldReason reason, DateTimeOffset? since, DateTimeOffset wakeAt, Setback? setback)
    {
        Require(planned, planned.State == SubmissionState.Planned);
        return planned with { Hold = reason, HeldSince = since, DueAt = wakeAt + PlannedGrace, Setback = setback };
    }

    /// <summary>
    /// Planned → Posting: the intent, written before the one POST (promise 2: a worker that cannot write it does not
    /// post).
    /// </summary>
    public static SubmissionEntry ToPosting(this SubmissionEntry planned, DateTimeOffset now, TimeSpan check)
    {
        Require(planned, planned.State == SubmissionState.Planned);
        return planned with
        {
            State = SubmissionState.Posting,
            PostedAt = now,
            DueAt = now + check,
            Setback = null,
            Message = null,
            LostSince = null,
            LostUntil = null,
        };
    }

    /// <summary>
    /// Posting or Unknown → Planned: the POST is proven not to have been accepted, so it may be posted again (promise
    /// 2).
    /// </summary>
    /// <param name="intent">The submission as it was posted.</param>
    /// <param name="before">The submission as it was before the intent.</param>
    public static SubmissionEntry BackToPlanned(this SubmissionEntry intent, SubmissionEntry before)
    {
        Require(intent, IsUnanswered(intent) && before.State == SubmissionState.Planned);
        return intent with
        {
            State = SubmissionState.Planned,
            PostedAt = before.PostedAt,
            HasCallback = before.HasCallback,
            LostSince = before.LostSince,
            LostUntil = before.LostUntil,
        };
    }

    /// <summary>
    /// Planned → Unknown: the ledger was restored, and the submission may have been posted after the backup (promise 2:
    /// it is looked for before it is posted).
    /// </summary>
    /// <param name="planned">The submission.</param>
    /// <param name="since">The time of the backup.</param>
    /// <param name="until">The time of the restore.</param>
    /// <param name="lookAt">When any POST between backup and restore has certainly ended.</param>
    public static SubmissionEntry Compare(
        this SubmissionEntry planned, DateTimeOffset since, DateTimeOffset until, DateTimeOffset lookAt)
    {
        Require(planned, planned.State == SubmissionState.Planned);
        return planned with
        {
            State = SubmissionState.Unknown,
            LostSince = since,
            LostUntil = until,
            PostedAt = lookAt,
            DueAt = lookAt,
            PollCount = 0,
        };
    }

    /// <summary>
    /// Unknown → Planned: Nimble's complete lists and the bucket show that it was not posted between backup and
    /// restore. The time of that check stays, so a webhook that arrives before the POST cancels it (promise 2).
    /// </summary>
    public static SubmissionEntry NotLost(this SubmissionEntry compared, DateTimeOffset now)
    {
        Require(compared, compared is
            { State: SubmissionState.Unknown, LostSince: not null, FirstCallbackAt: null });
        return compared with { State = SubmissionState.Planned, DueAt = now + PlannedGrace, Message = null };
    }

    /// <summary>
    /// Unknown → Planned: complete lists and the bucket show nothing after the quarantine, and the policy says to post
    /// again. The time of the last POST stays, so a webhook that arrives before the next POST still counts and calls
    /// that off (promise 2).
    /// </summary>
    public static SubmissionEntry PostAgain(this SubmissionEntry unknown, DateTimeOffset now)
    {
        Require(unknown, unknown is { State: SubmissionState.Unknown, FirstCallbackAt: null });
        return unknown with
        {
            State = SubmissionState.Planned,
            Attempt = unknown.Attempt + 1,
            DueAt = now + PlannedGrace,
        };
    }

    /// <summary>
    /// Planned → Unknown: a webhook arrived for the last POST, so another POST would be a second one (promise 2).
    /// </summary>
    public static SubmissionEntry CallOff(this SubmissionEntry planned, DateTimeOffset now)
    {
        Require(planned, planned is { State: SubmissionState.Planned, FirstCallbackAt: not null, PostedAt: not null });
        return planned with { State = SubmissionState.Unknown, DueAt = now };
    }

    /// <summary>
    /// Posting or Unknown → Unknown: the POST ended without proof either way; Sweep looks for evidence (promise 2).
    /// </summary>
    public static SubmissionEntry ToUnknown(this SubmissionEntry intent, string message, DateTimeOffset dueAt)
    {
        Require(intent, IsUnanswered(intent));
        return intent with { State = SubmissionState.Unknown, Message = message, PollCount = 0, DueAt = dueAt };
    }

    /// <summary>Posting → Posting or Unknown, Unknown → Unknown: a check found no evidence.</summary>
    /// <param name="unanswered">The submission.</param>
    /// <param name="isUnderWay">Whether its POST may still get an answer.</param>
    /// <param name="dueAt">When to check again.</param>
    public static SubmissionEntry LookInVain(this SubmissionEntry unanswered, bool isUnderWay, DateTimeOffset dueAt)
    {
        Require(unanswered, isUnderWay ? unanswered.State == SubmissionState.Posting : IsUnanswered(unanswered));
        var state = isUnderWay ? SubmissionState.Posting : SubmissionState.Unknown;
        return unanswered with { State = state, PollCount = unanswered.PollCount + 1, DueAt = dueAt };
    }

    /// <summary>
    /// Posting, Unknown, or given up for lack of evidence → Accepted: Nimble has it. It will not be posted again
    /// (promise 2), and the pipeline waits for its results (promise 8).
    /// </summary>
    /// <param name="posted">The submission.</param>
    /// <param name="batchId">Its batch; null if it has none, or its batch is not known.</param>
    /// <param name="proof">What proves it.</param>
    /// <param name="now">The time.</param>
    /// <param name="dueAt">When its results are due.</param>
    public static SubmissionEntry ToAccepted(
        this SubmissionEntry posted, string? batchId, PostProof proof, DateTimeOffset now, DateTimeOffset dueAt)
    {
        Require(posted, (IsUnanswered(posted) || posted.IsUnproven)
            && proof is not (PostProof.None or PostProof.Refusal));
        return posted with
        {
            State = SubmissionState.Accepted,
            BatchId = batchId,
            Proof = proof,
            AcceptedAt = now,
            CompletedAt = null,
            Tally = null,
            DueAt = dueAt,
            PollCount = 0,
            Hold = HoldReason.None,
            HeldSince = null,
            Message = null,
        };
    }

    /// <summary>
    /// Posting or Unknown → Refused: Nimble rejected its content, which proves that nothing was accepted (promise 2).
    /// </summary>
    public static SubmissionEntry ToRefused(this SubmissionEntry intent, string message, DateTimeOffset now)
    {
        Require(intent, IsUnanswered(intent));
        return intent with
        {
            State = SubmissionState.Refused,
            Proof = PostProof.Refusal,
            DueAt = now,
            Message = message,
        };
    }

    /// <summary>
    /// Planned, Posting or Unknown → Refused: it will not be posted any more. From then on its inputs may fail or move
    /// elsewhere, each of them once (promises 1 and 2). A planned submission is proven not to be accepted.
    /// </summary>
    /// <param name="submission">The submission.</param>
    /// <param name="dueAt">When Sweep closes it.</param>
    /// <param name="message">Why, for people; null keeps the message about its POST.</param>
    public static SubmissionEntry GiveUp(this SubmissionEntry submission, DateTimeOffset dueAt, string? message = null)
    {
        Require(submission, submission.State == SubmissionState.Planned || IsUnanswered(submission));
        return submission with
        {
            State = SubmissionState.Refused,
            PostedAt = submission is { State: SubmissionState.Planned, FirstCallbackAt: null }
                ? null
                : submission.PostedAt,
            DueAt = dueAt,
            Message = message ?? submission.Message,
        };
    }

    /// <summary>Accepted or Refused → Closed: every input has its outcome (promise 1).</summary>
    /// <param name="settled">The submission.</param>
    /// <param name="records">Number of inputs with a record.</param>
    /// <param name="failures">Number of inputs that failed.</param>
    /// <param name="tally">What became of its inputs, for the manifest.</param>
    /// <param name="lateLook">
    /// When to look once more for evidence of its POST; null if there is none to look for.
    /// </param>
    public static SubmissionEntry ToClosed(
        this SubmissionEntry settled, int records, int failures, string tally, DateTimeOffset? lateLook)
    {
        Require(settled, settled.State is SubmissionState.Accepted or SubmissionState.Refused);
        return settled with
        {
            State = SubmissionState.Closed,
            Records = records,
            Failures = failures,
            Tally = tally,
            DueAt = lateLook,
        };
    }

    /// <summary>
    /// Closed → Accepted or Refused, as it was before: one of its inputs has another outcome or none any more, so all
    /// are counted again (promises 1 and 8). A submission that is not closed keeps its state and is checked now.
    /// </summary>
    public static SubmissionEntry Reopen(this SubmissionEntry submission, DateTimeOffset now, DateTimeOffset dueAt) =>
        submission.State != SubmissionState.Closed ? submission with { DueAt = dueAt } : submission with
        {
            State = submission.AcceptedAt is null ? SubmissionState.Refused : SubmissionState.Accepted,
            AcceptedAt = submission.AcceptedAt is null ? null : now,
            CompletedAt = null,
            PollCount = 0,
            Tally = null,
            DueAt = dueAt,
        };

    /// <summary>Accepted → Accepted: the API was asked how far it is. Progress brings the next check forward.</summary>
    /// <param name="accepted">The submission.</param>
    /// <param name="completedCount">Number of tasks that have ended, according to the API.</param>
    /// <param name="next">When to check again, given the number of checks without progress.</param>
    public static SubmissionEntry Look(
        this SubmissionEntry accepted, int completedCount, Func<SubmissionEntry, DateTimeOffset> next)
    {
        Require(accepted, accepted.State == SubmissionState.Accepted);
        var hasNews = completedCount != accepted.CompletedCount;
        var looked = accepted with
        {
            CompletedCount = completedCount,
            PollCount = hasNews ? 0 : accepted.PollCount + 1,
        };
        return looked with { DueAt = next(looked) };
    }

    /// <summary>Accepted or Closed, state unchanged: moves the next check; null if a closed one needs none.</summary>
    public static SubmissionEntry LookLater(this SubmissionEntry submission, DateTimeOffset? dueAt)
    {
        Require(submission, submission.State == SubmissionState.Closed
            || (submission.State == SubmissionState.Accepted && dueAt is not null));
        return submission with { DueAt = dueAt };
    }

    /// <summary>Any state, unchanged: Sweep checks it at once.</summary>
    public static SubmissionEntry LookNow(this SubmissionEntry submission, DateTimeOffset now) =>
        submission with { DueAt = now };

    /// <summary>
    /// Any state, unchanged: a step failed and is tried again at this time; never if null. Work on all others continues
    /// (promise 9).
    /// </summary>
    public static SubmissionEntry PutOff(this SubmissionEntry submission, Setback setback, DateTimeOffset? dueAt)
    {
        Require(submission, dueAt is not null || submission.State == SubmissionState.Closed);
        return submission with { DueAt = dueAt, PollCount = submission.PollCount + 1, Setback = setback };
    }

    /// <summary>Its POST is in progress, or ended without proof.</summary>
    private static bool IsUnanswered(SubmissionEntry submission) =>
        submission.State is SubmissionState.Posting or SubmissionState.Unknown;

    private static void Require(SubmissionEntry submission, bool isAllowed, [CallerMemberName] string transition = "")
    {
        if (!isAllowed)
            throw new InvalidOperationException(
                $"{transition} is no transition for submission {submission.SubmissionId} as it is: {submission.State}, "
                + $"posted {submission.PostedAt:u}, proof {submission.Proof}.");
    }
}
