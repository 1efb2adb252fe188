
using Pipeline.Model;

namespace Pipeline.Ports.Reading;

/// <summary>The log of what people did: a bounded part of the ledger.</summary>
/// <remarks>If the store is unavailable, methods throw a transient <see cref="PipelineException"/>.</remarks>
internal interface IEventLog
{
    /// <summary>How long events are kept at least. Adding one removes some that are older.</summary>
    static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    /// <summary>Adds an event.</summary>
    Task AddEventAsync(EventEntry entry, CancellationToken cancellationToken);

    /// <summary>Returns up to <paramref name="max"/> events, the latest first.</summary>
    Task<IReadOnlyList<EventEntry>> GetEventsAsync(int max, CancellationToken cancellationToken);
}
