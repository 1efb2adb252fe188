using System.Text.Json.Serialization;
using Pipeline.Model;

namespace Pipeline.Ports.Ledgers;

/// <summary>The pause of all submission, shared by all processes over one ledger.</summary>
/// <remarks>
/// Contract: there is one pause. A write requires the <see cref="SharedPause.Version"/> that was read. A completed
/// write survives a crash of the process. If the ledger is unavailable, both methods throw a transient <see
/// cref="PipelineException"/>.
/// </remarks>
internal interface IPauseLedger
{
    /// <summary>
    /// Returns the pause, which may have ended; <see cref="SharedPause.None"/> if there never was one.
    /// </summary>
    Task<SharedPause> ReadAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Writes the pause if its version is current. Returns it with its new version; null after a conflict.
    /// </summary>
    Task<SharedPause?> WriteAsync(SharedPause pause, CancellationToken cancellationToken);
}

/// <summary>A pause of all submission.</summary>
/// <param name="Until">When the next POST is tried.</param>
/// <param name="Reason">What Nimble or the bucket said, and what to do.</param>
/// <param name="Hold">What submissions wait for.</param>
/// <param name="Account">
/// Digest of the address and key that were refused. The pause does not apply to another key.
/// </param>
/// <param name="IsTried">Whether one process is trying a POST while all others wait for its answer.</param>
internal sealed record SharedPause(
    DateTimeOffset Until, string Reason, HoldReason Hold, string Account, bool IsTried = false)
{
    /// <summary>No pause.</summary>
    public static readonly SharedPause None = new(DateTimeOffset.UnixEpoch, "", HoldReason.None, "");

    /// <summary>The version in the ledger; null if the ledger has none.</summary>
    [JsonIgnore]
    public string? Version { get; init; }
}
