using Pipeline.Model;

namespace Pipeline.Ports.Ledgers;

/// <summary>
/// Keeps the message that brought each list: the list itself, or its address with URL column, shared inputs and series.
/// So the same list can be fetched again.
/// </summary>
/// <remarks>If the store is unavailable, methods throw a transient <see cref="PipelineException"/>.</remarks>
internal interface IListOrigins
{
    /// <summary>Longest message that is kept, in bytes: as much as one row of a table can hold.</summary>
    const int MaxBytes = 60 * 1024;

    /// <summary>
    /// Keeps the message of a list, in place of an earlier one. Does not keep a message that is too long.
    /// </summary>
    Task PutOriginAsync(string listId, ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>Returns the message of a list; null if none was kept.</summary>
    Task<byte[]?> FindOriginAsync(string listId, CancellationToken cancellationToken);
}
