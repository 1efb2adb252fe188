using System.Text;
using Pipeline.Ports;

namespace Pipeline.Stores.Azure.Queues;

/// <summary>A message as a worker holds it.</summary>
/// <param name="queue">The queue it was sent to.</param>
/// <param name="id">Azure's id of it.</param>
/// <param name="receipt">The right to decide about it.</param>
/// <param name="text">Its text as it lies in the queue: for a large message only the claim.</param>
/// <param name="claims">What a claim is redeemed with.</param>
/// <param name="dequeueCount">How often it has been received, this time included.</param>
internal sealed class StorageMessage(
    string queue, string id, string receipt, string text, ClaimChecks claims, int dequeueCount) : IWorkMessage
{
    /// <summary>The queue it was sent to.</summary>
    public string Queue => queue;

    /// <summary>Never used twice.</summary>
    public string Id => id;

    /// <summary>The right to decide about it; extending the lease renews it.</summary>
    public string Receipt { get; set; } = receipt;

    /// <summary>Its text as it lies in the queue.</summary>
    public string Text => text;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Body { get; } = MessageText.Decode(Encoding.UTF8.GetBytes(text));

    /// <summary>How often it has been received, this time included.</summary>
    public int DequeueCount => dequeueCount;

    /// <summary>Azure keeps none.</summary>
    public string? Error => null;

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>> OpenAsync(CancellationToken cancellationToken) => claims.RedeemAsync(Body, cancellationToken);
}
