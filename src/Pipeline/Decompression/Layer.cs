using Pipeline.Model;

namespace Pipeline.Decompression;

/// <summary>One layer of compression around a document.</summary>
internal abstract class Layer : IDisposable
{
    /// <summary>Begins to read what is below, which stays open.</summary>
    public abstract ValueTask OpenAsync(StoredReader below, CancellationToken cancellationToken);

    /// <summary>Reads expanded bytes; 0 when all were given, proven, and nothing follows them.</summary>
    /// <exception cref="PipelineException">Transient <see cref="FailureReasons.ObjectDamaged"/>.</exception>
    public abstract ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken);

    public abstract void Dispose();

    /// <summary>The layer is not whole.</summary>
    protected static PipelineException Damaged(string what, StoredReader below, Exception? inner = null) =>
        PipelineException.Transient(FailureReasons.ObjectDamaged, $"The stored object {what}, at byte {below.Position}.", inner: inner);

    /// <summary>A layer of this form.</summary>
    public static Layer Create(Compression form) => form switch
    {
        Compression.Gzip => new GzipLayer(),
        Compression.Zlib => new ZlibLayer(),
        Compression.Zstandard => new ZstandardLayer(),
        _ => throw new ArgumentOutOfRangeException(nameof(form), form, "Not a form of compression."),
    };
}
