namespace Pipeline.Ports.Reading;

/// <summary>A request that was answered before.</summary>
/// <param name="Hash">Hash of what it asked for.</param>
/// <param name="ListId">The list that it made.</param>
internal sealed record KnownRequest(string Hash, string ListId);

/// <summary>Remembers the idempotency keys of requests, at least for a day.</summary>
internal interface IRequestKeys
{
    /// <summary>Returns what a key was used for; null for nothing.</summary>
    Task<KnownRequest?> FindRequestAsync(string key, CancellationToken cancellationToken);

    /// <summary>Remembers what a key was used for, unless it was used before.</summary>
    /// <returns>What it was used for first.</returns>
    Task<KnownRequest> AddRequestAsync(
        string key, KnownRequest request, DateTimeOffset now, CancellationToken cancellationToken);
}
