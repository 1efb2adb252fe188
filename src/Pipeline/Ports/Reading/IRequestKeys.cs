namespace Pipeline.Ports.Reading;

/// <summary>A request that was answered before.</summary>
/// <param name="Hash">Hash of what it asked for.</param>
/// <param name="ListId">The list that it made.</param>
internal sealed record KnownRequest(string Hash, string ListId);

/// <summary>Remembers the idempotency keys of requests for <see cref="Kept"/>.</summary>
internal interface IRequestKeys
{
    /// <summary>How long a key counts. A later request with the same key is a new one.</summary>
    static readonly TimeSpan Kept = TimeSpan.FromDays(2);

    /// <summary>Returns what a key was used for; null for nothing, or if that was too long ago.</summary>
    Task<KnownRequest?> FindRequestAsync(string key, CancellationToken cancellationToken);

    /// <summary>Remembers what a key was used for, unless it was used before. Also removes some expired keys.</summary>
    /// <returns>What it was used for first.</returns>
    Task<KnownRequest> AddRequestAsync(
        string key, KnownRequest request, DateTimeOffset now, CancellationToken cancellationToken);
}
