using System.Globalization;
using Pipeline.Ports;

namespace Pipeline.Stores.Local.Queues;

/// <summary>A message as a worker holds it.</summary>
/// <param name="Queue">The queue it was sent to.</param>
/// <param name="Id">Never used twice.</param>
/// <param name="Receipt">Which receipt this is; a later one, by whomever, makes it void.</param>
/// <param name="Body">UTF-8 JSON.</param>
/// <param name="DequeueCount">How often it has been received, this time included.</param>
/// <param name="Error">What the last try said.</param>
internal sealed record LocalMessage(string Queue, long Id, long Receipt, ReadOnlyMemory<byte> Body, int DequeueCount, string? Error) : IWorkMessage
{
    string IWorkMessage.Id => Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>The file carries messages of any size as they are.</summary>
    public Task<ReadOnlyMemory<byte>> OpenAsync(CancellationToken cancellationToken) => Task.FromResult(Body);
}

/// <summary>How full a queue is.</summary>
/// <param name="Visible">Ready for delivery.</param>
/// <param name="Invisible">Delayed, or leased to a worker.</param>
/// <param name="Poison">In its poison queue.</param>
internal sealed record QueueCounts(long Visible, long Invisible, long Poison);
