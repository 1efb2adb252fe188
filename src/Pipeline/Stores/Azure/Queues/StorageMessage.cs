using System.Text;
using Pipeline.Ports;

namespace Pipeline.Stores.Azure.Queues;

/// <summary>A received message.</summary>
/// <param name="queue">The queue it was sent to.</param>
/// <param name="id">Azure's message id.</param>
/// <param name="receipt">The pop receipt, needed to delete or update the message.</param>
/// <param name="text">The text in the queue; for a large message, its claim.</param>
/// <param name="claims">Redeems claims.</param>
/// <param name="dequeueCount">Number of times it was received, including this one.</param>
internal sealed class StorageMessage(
    string queue, string id, string receipt, string text, ClaimChecks claims, int dequeueCount) : IWorkMessage
{
    /// <summary>The queue it was sent to.</summary>
    public string Queue => queue;

    /// <summary>Azure's message id, which is unique.</summary>
    public string Id => id;

    /// <summary>The pop receipt. Extending the lease renews it.</summary>
    public string Receipt { get; set; } = receipt;

    /// <summary>The text in the queue.</summary>
    public string Text => text;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Body { get; } = MessageText.Decode(Encoding.UTF8.GetBytes(text));

    /// <summary>Number of times it was received, including this one.</summary>
    public int DequeueCount => dequeueCount;

    /// <summary>Always null: Azure stores no error with a message.</summary>
    public string? Error => null;

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>> OpenAsync(CancellationToken cancellationToken) =>
        claims.RedeemAsync(Body, cancellationToken);
}
