using System.Globalization;
using Pipeline.Ports;

namespace Pipeline.Stores.Local.Queues;

/// <summary>A received message.</summary>
/// <param name="Queue">The queue it was sent to.</param>
/// <param name="Id">The message's id, which is unique.</param>
/// <param name="Receipt">Number of this receipt. Any later receipt makes it invalid.</param>
/// <param name="Body">The body: JSON in UTF-8.</param>
/// <param name="DequeueCount">Number of times it was received, including this one.</param>
/// <param name="Error">The error of the last attempt; null if there is none.</param>
internal sealed record LocalMessage(
    string Queue, long Id, long Receipt, ReadOnlyMemory<byte> Body, int DequeueCount, string? Error)
    : IWorkMessage
{
    /// <summary>When it became visible, UTC. In a poison queue: when it was given up.</summary>
    public required DateTimeOffset VisibleAt { get; init; }

    string IWorkMessage.Id => Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>Returns the body: the file can store messages of any size.</summary>
    public Task<ReadOnlyMemory<byte>> OpenAsync(CancellationToken cancellationToken) => Task.FromResult(Body);
}

/// <summary>The numbers of messages of a queue.</summary>
/// <param name="Visible">Messages ready for delivery.</param>
/// <param name="Invisible">Messages that are delayed, or leased to a worker.</param>
/// <param name="Poison">Messages in the poison queue.</param>
internal sealed record QueueCounts(long Visible, long Invisible, long Poison);
