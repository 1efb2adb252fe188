using Pipeline.Model;

namespace Pipeline.Decompression;

/// <summary>A layer of compression around a document.</summary>
internal abstract class Layer : IDisposable
{
    /// <summary>Starts reading from the layer below, which stays open.</summary>
    public abstract ValueTask OpenAsync(StoredReader below, CancellationToken cancellationToken);

    /// <summary>
    /// Reads decompressed bytes. Returns 0 only after the whole layer has been read and verified and nothing follows
    /// it.
    /// </summary>
    /// <exception cref="PipelineException">Transient <see cref="FailureReasons.ObjectDamaged"/>.</exception>
    public abstract ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken);

    public abstract void Dispose();

    /// <summary>Creates the error for a damaged layer.</summary>
    protected static PipelineException Damaged(string what, StoredReader below, Exception? inner = null) =>
        PipelineException.Transient(
            FailureReasons.ObjectDamaged, $"The stored object {what}, at byte {below.Position}.", inner: inner);

    /// <summary>Creates a layer of a format.</summary>
    public static Layer Create(Compression format) => format switch
    {
        Compression.Gzip => new GzipLayer(),
        Compression.Zlib => new ZlibLayer(),
        Compression.Zstandard => new ZstandardLayer(),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Not a compression format."),
    };
}
