namespace Pipeline.Emit;

/// <summary>
/// A whole, verified record on its way to a sink: one JSON object, UTF-8, on one line without its line feed. Its bytes are in pooled memory,
/// or in a temporary file when they are many. Copying may be repeated and gives the same bytes.
/// </summary>
public abstract class StagedRecord : IAsyncDisposable
{
    /// <summary>The record's id.</summary>
    public abstract string Id { get; }

    /// <summary>The list.</summary>
    public abstract string ListId { get; }

    /// <summary>The submission.</summary>
    public abstract string SubmissionId { get; }

    /// <summary>How many bytes <see cref="CopyTo"/> writes.</summary>
    public abstract long Bytes { get; }

    /// <summary>Writes the record.</summary>
    public abstract void CopyTo(Stream destination);

    /// <summary>Writes the record.</summary>
    public abstract Task CopyToAsync(Stream destination, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
