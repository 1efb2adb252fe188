using Pipeline.Delivery;

namespace Pipeline.Model;

/// <summary>How far a submission has come. See promise 2: nothing but proof moves it back to <see cref="Planned"/>.</summary>
public enum SubmissionState
{
    /// <summary>Cut, not posted.</summary>
    Planned,

    /// <summary>The intent is written; the one POST is under way. Found in this state later, it is as unknown as <see cref="Unknown"/>.</summary>
    Posting,

    /// <summary>The POST ended without proof that it was accepted or refused.</summary>
    Unknown,

    /// <summary>Nimble accepted it; its tasks are known.</summary>
    Accepted,

    /// <summary>
    /// It is not, or no more, to be posted: Nimble refused it for its content, a guard did, or its acceptance was never proven. Its inputs are failures, or go
    /// on in other submissions.
    /// </summary>
    Refused,

    /// <summary>Every input has its outcome.</summary>
    Closed,
}

/// <summary>What proved that Nimble accepted a submission, or that it did not.</summary>
public enum PostProof
{
    /// <summary>Nothing yet.</summary>
    None,

    /// <summary>The POST's own answer.</summary>
    Answer,

    /// <summary>An object under the submission's own prefix.</summary>
    Objects,

    /// <summary>A webhook on the submission's own path.</summary>
    Callback,

    /// <summary>A task or batch at the API that repeats the submission's prefix or callback path.</summary>
    Echo,

    /// <summary>A batch at the API with exactly the submission's inputs, made when it was posted.</summary>
    Inputs,

    /// <summary>Nimble refused it for its content: nothing was accepted.</summary>
    Refusal,
}

/// <summary>What a planned submission waits for.</summary>
public enum HoldReason
{
    /// <summary>Its turn.</summary>
    None,

    /// <summary>The first inputs of its list must succeed before.</summary>
    Canary,

    /// <summary>The budget of the day is used up; it goes on the next day, UTC.</summary>
    DailyBudget,

    /// <summary>Nimble has no budget for more (402).</summary>
    NimbleBudget,

    /// <summary>Nimble refuses the API key (401, 403).</summary>
    ApiKey,

    /// <summary>The store refuses us its objects: what is submitted now could not be read.</summary>
    Deliveries,
}

/// <summary>Up to 1,000 inputs of a list that are posted together.</summary>
public sealed record SubmissionEntry
{
    /// <summary><c>{list_id}-{sequence:D6}</c>, unique across lists.</summary>
    public required string SubmissionId { get; init; }

    /// <summary>The list it belongs to.</summary>
    public required string ListId { get; init; }

    /// <summary>Its place in the list, from 0.</summary>
    public required int Sequence { get; init; }

    /// <summary>How far it has come.</summary>
    public required SubmissionState State { get; init; }

    /// <summary>How often its inputs have been meant to be posted, this time included, from 1: a retry is a submission of its own with one more.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>The submission some of whose inputs it took over: failed ones that are posted again, or ones it could not be posted with. Null for one that was planned from the list.</summary>
    public string? RepeatOf { get; init; }

    /// <summary>The submission of the list's first inputs, enough of which must succeed before this one is posted; null where it need not wait.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>What it waits for while it is planned.</summary>
    public HoldReason Hold { get; init; }

    /// <summary>Since when it has waited for that.</summary>
    public DateTimeOffset? HeldSince { get; init; }

    /// <summary>When a webhook first came on its own path while it was not known to be accepted.</summary>
    public DateTimeOffset? FirstCallbackAt { get; init; }

    /// <summary>What proved that it was accepted or refused.</summary>
    public PostProof Proof { get; init; }

    /// <summary>How many inputs it has.</summary>
    public required int Count { get; init; }

    /// <summary>The extraction defaults of the list, a JSON object, <c>{}</c> for none. No delivery fields.</summary>
    public string SharedInputs { get; init; } = "{}";

    /// <summary>
    /// Where Nimble was told to put results: <c>{base}/{list}/{submission}-{secret}/</c> (<see cref="DeliveryPrefix"/>); null when
    /// results are read from the API.
    /// </summary>
    public string? StorageUrl { get; init; }

    /// <summary>Whether Nimble was asked to compress the objects.</summary>
    public bool Compressed { get; init; }

    /// <summary>Whether Nimble was told a callback URL. The URL itself holds a token and is never stored.</summary>
    public bool HasCallback { get; init; }

    /// <summary>The batch id, once accepted; null for a submission of one input, which goes by <c>/extract/async</c>.</summary>
    public string? BatchId { get; init; }

    /// <summary>When the intent was written.</summary>
    public DateTimeOffset? PostedAt { get; init; }

    /// <summary>When the tasks were written.</summary>
    public DateTimeOffset? AcceptedAt { get; init; }

    /// <summary>When Sweep must look at it next; null when there is nothing to look after.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>How often Sweep has looked since the last news; spaces the looks out.</summary>
    public int PollCount { get; init; }

    /// <summary>The API's <c>completed_count</c> at the last look.</summary>
    public int CompletedCount { get; init; }

    /// <summary>When the API first said that every task has ended.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Inputs that became records; final once Closed.</summary>
    public int Records { get; init; }

    /// <summary>Inputs that became failures; final once Closed.</summary>
    public int Failures { get; init; }

    /// <summary>What is known of a POST that was refused or unknown, for people.</summary>
    public string? Message { get; init; }

    /// <summary>Why Sweep, or a guard before the POST, last put work on it off; null since a step succeeded.</summary>
    public Setback? Setback { get; init; }

    /// <summary>Why results of it were last put off. It is out of date a while after its <see cref="Model.Setback.Until"/>.</summary>
    public Setback? ResultSetback { get; init; }

    /// <summary>It is not posted before this time; null for at once.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Whether it was given up for want of evidence; some may still come.</summary>
    public bool IsUnproven => State is SubmissionState.Refused or SubmissionState.Closed && Proof == PostProof.None && PostedAt is not null;

    /// <summary>Opaque; what a conditional update compares.</summary>
    public string Version { get; init; } = "";
}
