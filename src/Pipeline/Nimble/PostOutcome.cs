using System.Collections.Frozen;

namespace Pipeline.Nimble;

/// <summary>Why a POST was refused. Every kind is proof that nothing was accepted or billed.</summary>
internal enum RefusalKind
{
    /// <summary>The body (400, 404, 413, 422 and the like): the same body will be refused again.</summary>
    Content,

    /// <summary>The API key (401, 403).</summary>
    Credentials,

    /// <summary>No budget, a limit reached, a trial over (402).</summary>
    Budget,

    /// <summary>Too many requests (429).</summary>
    RateLimit,

    /// <summary>The request never left: no address, no connection, no TLS.</summary>
    NotReached,
}

/// <summary>What is known after one POST.</summary>
internal abstract record PostOutcome
{
    /// <summary>Nimble has it.</summary>
    /// <param name="BatchId">The batch, where Nimble says so; for a single task usually null.</param>
    /// <param name="Tasks">Its tasks, as many as the answer names; their order means nothing.</param>
    public sealed record Accepted(string? BatchId, IReadOnlyList<NimbleTask> Tasks) : PostOutcome
    {
        /// <summary>What it says of inputs that it did not take.</summary>
        public IReadOnlyList<InputError> Errors { get; init; } = [];
    }

    /// <summary>Nimble provably does not have it.</summary>
    /// <param name="Kind">Why.</param>
    /// <param name="HttpStatus">The status, where there was an answer.</param>
    /// <param name="Message">What Nimble says, or what failed.</param>
    /// <param name="RetryAfter">How long Nimble asks us to wait.</param>
    public sealed record Refused(RefusalKind Kind, int? HttpStatus, string Message, TimeSpan? RetryAfter) : PostOutcome
    {
        /// <summary>Places, in the batch, of the inputs it points at; none where it points at none.</summary>
        public IReadOnlySet<int> Places { get; init; } = FrozenSet<int>.Empty;

        /// <summary>Whether the same POST with fewer inputs would be refused as well, as far as the answer tells.</summary>
        public bool ConcernsAll { get; init; }
    }


    /// <summary>Nimble may have it, and may bill it. Only evidence tells.</summary>
    /// <param name="Message">What happened.</param>
    /// <param name="HttpStatus">The status, where there was an answer.</param>
    /// <param name="TaskId">A task that the answer names, a thread to pull.</param>
    public sealed record Unknown(string Message, int? HttpStatus, string? TaskId) : PostOutcome;
}
