using System.Collections.Frozen;

namespace Pipeline.Nimble.Replies;

/// <summary>Why a POST was refused. Every kind proves that nothing was accepted or billed.</summary>
internal enum RefusalKind
{
    /// <summary>The content (400, 404, 413, 422 and similar): the same body would be refused again.</summary>
    Content,

    /// <summary>The API key (401, 403).</summary>
    Credentials,

    /// <summary>The account is out of credit, over a limit, or its trial has ended (402).</summary>
    Budget,

    /// <summary>Too many requests (429).</summary>
    RateLimit,

    /// <summary>The request was never sent: no address, no connection, no TLS.</summary>
    NotReached,
}

/// <summary>What is known after a POST.</summary>
internal abstract record PostOutcome
{
    /// <summary>Nimble accepted it.</summary>
    /// <param name="BatchId">The batch id, if given; usually null for a single task.</param>
    /// <param name="Tasks">The tasks that the answer names; their order has no meaning.</param>
    public sealed record Accepted(string? BatchId, IReadOnlyList<NimbleTask> Tasks) : PostOutcome
    {
        /// <summary>Errors of inputs that were not accepted.</summary>
        public IReadOnlyList<InputError> Errors { get; init; } = [];
    }

    /// <summary>Nimble provably did not accept it.</summary>
    /// <param name="Kind">The kind of refusal.</param>
    /// <param name="HttpStatus">The HTTP status; null without an answer.</param>
    /// <param name="Message">Nimble's message, or what failed.</param>
    /// <param name="RetryAfter">The wait that Nimble asks for.</param>
    public sealed record Refused(RefusalKind Kind, int? HttpStatus, string Message, TimeSpan? RetryAfter) : PostOutcome
    {
        /// <summary>
        /// What it says about the inputs that it names, by their positions in the batch; empty if it names none.
        /// </summary>
        public IReadOnlyDictionary<int, string> Named { get; init; } = FrozenDictionary<int, string>.Empty;

        /// <summary>Whether, judging by the answer, the same POST with fewer inputs would be refused too.</summary>
        public bool ConcernsAll { get; init; }
    }


    /// <summary>Nimble may have accepted it and may bill it; only evidence can show.</summary>
    /// <param name="Message">What happened.</param>
    /// <param name="HttpStatus">The HTTP status; null without an answer.</param>
    /// <param name="TaskId">A task that the answer names, as a starting point for evidence.</param>
    public sealed record Unknown(string Message, int? HttpStatus, string? TaskId) : PostOutcome;
}
