
namespace Pipeline.Model;

/// <summary>
/// The state of a submission. Only proof that the POST was not accepted moves it back to <see cref="Planned"/> (promise
/// 2).
/// </summary>
public enum SubmissionState
{
    /// <summary>It has not been posted.</summary>
    Planned,

    /// <summary>
    /// The intent is written and the one POST is in progress. If it stays in this state, it is treated like
    /// <see cref="Unknown"/>.
    /// </summary>
    Posting,

    /// <summary>The POST ended, and it is unknown whether Nimble accepted it.</summary>
    Unknown,

    /// <summary>Nimble accepted it; its tasks are known.</summary>
    Accepted,

    /// <summary>
    /// It will not be posted: Nimble rejected its content, a guard refused it, or its acceptance was never proven. Its
    /// inputs are failures or moved to other submissions.
    /// </summary>
    Refused,

    /// <summary>Every input has its outcome.</summary>
    Closed,
}

/// <summary>The evidence that Nimble accepted a submission, or that it did not.</summary>
public enum PostProof
{
    /// <summary>None yet.</summary>
    None,

    /// <summary>The answer to the POST.</summary>
    Answer,

    /// <summary>An object under the submission's prefix.</summary>
    Objects,

    /// <summary>A webhook on the submission's callback path.</summary>
    Callback,

    /// <summary>A task or batch at the API that names the submission's prefix or callback path.</summary>
    Echo,

    /// <summary>A batch at the API with exactly the submission's inputs, created when it was posted.</summary>
    Inputs,

    /// <summary>Nimble rejected the content: nothing was accepted.</summary>
    Refusal,
}

/// <summary>What a planned submission waits for.</summary>
public enum HoldReason
{
    /// <summary>Only for its turn.</summary>
    None,

    /// <summary>The canary inputs of its list must succeed first.</summary>
    Canary,

    /// <summary>The daily budget is used up; the submission continues the next day, UTC.</summary>
    DailyBudget,

    /// <summary>The Nimble account is out of credit (402).</summary>
    NimbleBudget,

    /// <summary>Nimble rejects the API key (401, 403).</summary>
    ApiKey,

    /// <summary>The store denies access to deliveries, so new results could not be read.</summary>
    Deliveries,

    /// <summary>An operator paused the list.</summary>
    Paused,
}

/// <summary>Up to 1,000 inputs of a list that are posted together.</summary>
public sealed record SubmissionEntry
{
    /// <summary><c>{list_id}-{sequence:D6}</c>, unique across lists.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>The list.</summary>
    public required string ListId { get; init; }

    /// <summary>Position in the list, from 0.</summary>
    public required int Sequence { get; init; }

    /// <summary>The state.</summary>
    public required SubmissionState State { get; init; }

    /// <summary>
    /// Number of this attempt at its inputs, from 1. A retry is a new submission with the next number.
    /// </summary>
    public int Attempt { get; init; } = 1;

    /// <summary>
    /// The submission that its inputs moved from: failed ones that are posted again, or ones that could not be posted
    /// with the rest. Null for a submission planned from the list.
    /// </summary>
    public string? RepeatOf { get; init; }

    /// <summary>
    /// The submission of the list's canary inputs, which must succeed before this one is posted; null if it need not
    /// wait.
    /// </summary>
    public string? WaitsFor { get; init; }

    /// <summary>What it waits for while it is planned.</summary>
    public HoldReason Hold { get; init; }

    /// <summary>Time at which that wait began, UTC.</summary>
    public DateTimeOffset? HeldSince { get; init; }

    /// <summary>
    /// Time of the first webhook on its callback path while its acceptance was not known, UTC.
    /// </summary>
    public DateTimeOffset? FirstCallbackAt { get; init; }

    /// <summary>The evidence that it was accepted or refused.</summary>
    public PostProof Proof { get; init; }

    /// <summary>Number of inputs.</summary>
    public required int Count { get; init; }

    /// <summary>
    /// The list's <c>shared_inputs</c>, a JSON object without delivery fields; <c>{}</c> if there are none.
    /// </summary>
    public string SharedInputs { get; init; } = "{}";

    /// <summary>The series that its list is a run of; null if there is none.</summary>
    public string? Series { get; init; }

    /// <summary>
    /// The prefix at which Nimble puts results: <c>{base}/{list}/{submission}-{secret}/</c>; null if results are read
    /// from the API.
    /// </summary>
    public string? StorageUrl { get; init; }

    /// <summary>Whether Nimble was asked to compress objects.</summary>
    public bool Compressed { get; init; }

    /// <summary>Whether Nimble got a callback URL. The URL holds a token and is never stored.</summary>
    public bool HasCallback { get; init; }

    /// <summary>
    /// Nimble's batch id after acceptance; null for a submission of one input, which is posted to
    /// <c>/extract/async</c>.
    /// </summary>
    public string? BatchId { get; init; }

    /// <summary>Time at which the intent to post was written, UTC.</summary>
    public DateTimeOffset? PostedAt { get; init; }

    /// <summary>Time at which the tasks were written, UTC.</summary>
    public DateTimeOffset? AcceptedAt { get; init; }

    /// <summary>Time at which Sweep must check it next, UTC; null if there is nothing to check.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>Number of polls without progress; the interval between polls grows with it.</summary>
    public int PollCount { get; init; }

    /// <summary>The API's <c>completed_count</c> at the last poll.</summary>
    public int CompletedCount { get; init; }

    /// <summary>Time at which the API first reported that every task has ended, UTC.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Number of inputs that became records; final once closed.</summary>
    public int Records { get; init; }

    /// <summary>Number of inputs that became failures; final once closed.</summary>
    public int Failures { get; init; }

    /// <summary>
    /// What became of its inputs, counted for the manifest, as JSON; null while it is not closed, and in rows that
    /// older versions closed.
    /// </summary>
    internal string? Tally { get; init; }

    /// <summary>
    /// Time of the backup, UTC, of a restored submission that may have been posted between that backup and the restore.
    /// Stays after the comparison with Nimble's lists. Null after a POST by this ledger.
    /// </summary>
    internal DateTimeOffset? LostSince { get; init; }

    /// <summary>The time of that restore, UTC.</summary>
    internal DateTimeOffset? LostUntil { get; init; }

    /// <summary>What is known about a POST that was refused or is unknown, for people.</summary>
    public string? Message { get; init; }

    /// <summary>Why Sweep, or a guard before the POST, last postponed it; null after a step that succeeded.</summary>
    public Setback? Setback { get; init; }

    /// <summary>
    /// Why its results were last postponed. Outdated some time after its <see cref="Model.Setback.Until"/>.
    /// </summary>
    public Setback? ResultSetback { get; init; }

    /// <summary>Earliest time of the POST, UTC; null if it may be posted now.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Whether it was given up for lack of evidence; evidence may still arrive.</summary>
    public bool IsUnproven =>
        State is SubmissionState.Refused or SubmissionState.Closed && Proof == PostProof.None && PostedAt is not null;

    /// <summary>Opaque version that conditional updates compare.</summary>
    public string Version { get; init; } = "";
}
