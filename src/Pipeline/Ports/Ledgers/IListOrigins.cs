using Pipeline.Model;

namespace Pipeline.Ports.Ledgers;

/// <summary>
/// Keeps the message with which each list came: the list itself, or its address with URL column, shared inputs and
/// series. So the same list can be fetched anew.
/// </summary>
/// <remarks>If the store is unavailable, methods throw a transient <see cref="PipelineException"/>.</remarks>
internal interface IListOrigins
{
    /// <summary>Length of the longest message that is kept, in bytes: what one row of a table may hold.</summary>
    const int MaxBytes = 60 * 1024;

    /// <summary>Keeps the message of a list; the last one counts. One that is too long is not kept.</summary>
    Task PutOriginAsync(string listId, ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>Returns the message of a list; null if none was kept.</summary>
    Task<byte[]?> FindOriginAsync(string listId, CancellationToken cancellationToken);
}
