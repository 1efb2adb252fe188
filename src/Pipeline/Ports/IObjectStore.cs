namespace Pipeline.Ports;

/// <summary>
/// Objects by URI: <c>s3://bucket/key</c>, <c>gs://bucket/name</c>, <c>azblob://container/name</c>, <c>file:///path</c>.
/// </summary>
/// <remarks>
/// Contract: only URIs that the pipeline built itself, from settings and checked ids, come here. Errors are
/// <see cref="PipelineException"/>: <see cref="FailureReasons.AccessDenied"/> (permanent; a refused credential or a missing bucket, and the
/// message says which), <see cref="FailureReasons.Unavailable"/> (transient; after the store's own few retries),
/// <see cref="FailureReasons.ObjectDamaged"/> (transient: bytes that do not match the store's checksum or length; a later read may be whole).
/// </remarks>
public interface IObjectStore
{
    /// <summary>The URI schemes served here, lower case.</summary>
    IReadOnlyList<string> Schemes { get; }

    /// <summary>Opens an object for one sequential read of its stored bytes, never decompressed on the way.</summary>
    /// <returns>Null when there is no such object (yet). The caller disposes what it gets.</returns>
    Task<ObjectRead?> OpenAsync(ObjectUri uri, CancellationToken cancellationToken);

    /// <summary>Writes an object whole: readers see all of it or none. Replaces what is there.</summary>
    Task WriteAsync(ObjectUri uri, Stream content, CancellationToken cancellationToken);

    /// <summary>Lists the objects whose key starts with the URI's key, in any order, all pages.</summary>
    IAsyncEnumerable<ObjectInfo> ListAsync(ObjectUri prefix, CancellationToken cancellationToken);
}

/// <summary>What a listing tells of an object.</summary>
/// <param name="Uri">Where it is.</param>
/// <param name="Bytes">Its stored size in bytes.</param>
public sealed record ObjectInfo(ObjectUri Uri, long Bytes);

/// <summary>
/// An object being read. <see cref="Body"/> gives every stored byte once; the read that would return 0 throws instead when length or checksum
/// do not match what the store promised, and it rides out cut connections by resuming the very same version of the object.
/// </summary>
public abstract class ObjectRead : IAsyncDisposable
{
    /// <summary>The stored bytes, forward only.</summary>
    public abstract Stream Body { get; }

    /// <summary>The stored size in bytes where the store tells it.</summary>
    public abstract long? Bytes { get; }

    /// <summary>The version read: the ETag (S3 and Azure, without quotes), the generation (GCS), null where the store has none.</summary>
    public abstract string? ETag { get; }

    /// <summary>
    /// Set by a reader that has stronger evidence of its own, such as gzip's checksum: a version that looks like an MD5 and
    /// is not that of the bytes is then told by <see cref="Doubt"/> and does not end the read.
    /// </summary>
    public virtual bool TakesDoubt { get; set; }

    /// <summary>After the last byte, where <see cref="TakesDoubt"/> is set: what speaks against them; null for nothing.</summary>
    public virtual string? Doubt => null;

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
