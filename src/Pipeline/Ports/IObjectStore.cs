using Pipeline.Model;

namespace Pipeline.Ports;

/// <summary>
/// Objects by URI: <c>s3://bucket/key</c>, <c>gs://bucket/name</c>, <c>azblob://container/name</c>,
/// <c>file:///path</c>.
/// </summary>
/// <remarks>
/// Contract: callers pass only URIs that the pipeline built itself, from settings and checked ids. Errors are
/// <see cref="PipelineException"/>s: <see cref="FailureReasons.AccessDenied"/> (permanent: a refused credential or a
/// missing bucket; the message says which), <see cref="FailureReasons.Unavailable"/> (transient, after a few retries by
/// the store), <see cref="FailureReasons.ObjectDamaged"/> (transient: the bytes do not match the store's checksum or
/// length; a later read may succeed).
/// </remarks>
public interface IObjectStore
{
    /// <summary>The URI schemes this store supports, lower case.</summary>
    IReadOnlyList<string> Schemes { get; }

    /// <summary>Opens an object for one sequential read of its stored bytes, without decompressing them.</summary>
    /// <returns>The open object, which the caller disposes; null if the object does not exist (yet).</returns>
    Task<ObjectRead?> OpenAsync(ObjectUri uri, CancellationToken cancellationToken);

    /// <summary>Writes an object atomically: readers see all of it or nothing. Replaces an existing object.</summary>
    Task WriteAsync(ObjectUri uri, Stream content, CancellationToken cancellationToken);

    /// <summary>Lists all objects whose key starts with the URI's key, in any order.</summary>
    IAsyncEnumerable<ObjectInfo> ListAsync(ObjectUri prefix, CancellationToken cancellationToken);

    /// <summary>Deletes an object. Does nothing if it does not exist.</summary>
    Task DeleteAsync(ObjectUri uri, CancellationToken cancellationToken) => throw PipelineException.Permanent(
        FailureReasons.InvalidConfiguration, $"This store of objects cannot delete {uri}.");
}

/// <summary>An object in a listing.</summary>
/// <param name="Uri">The object's address.</param>
/// <param name="Bytes">The stored size in bytes.</param>
public sealed record ObjectInfo(ObjectUri Uri, long Bytes);

/// <summary>
/// An open object. <see cref="Body"/> returns every stored byte once. After a broken connection it resumes with the
/// same version of the object. If length or checksum do not match those of the store, the last read throws instead of
/// returning 0.
/// </summary>
public abstract class ObjectRead : IAsyncDisposable
{
    /// <summary>The stored bytes, forward only.</summary>
    public abstract Stream Body { get; }

    /// <summary>The stored size in bytes; null if the store does not report it.</summary>
    public abstract long? Bytes { get; }

    /// <summary>
    /// The version being read: the ETag (S3 and Azure, without quotes) or the generation (GCS); null if the store has
    /// no versions.
    /// </summary>
    public abstract string? ETag { get; }

    /// <summary>
    /// Set by a reader with stronger evidence of its own, such as gzip's checksum. An ETag that looks like an MD5 but
    /// does not match the bytes then only sets <see cref="Doubt"/>, instead of ending the read with an error.
    /// </summary>
    public virtual bool TakesDoubt { get; set; }

    /// <summary>
    /// Why the bytes may be damaged; null if nothing suggests it. Known after the last byte, and only if
    /// <see cref="TakesDoubt"/> is set.
    /// </summary>
    public virtual string? Doubt => null;

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
