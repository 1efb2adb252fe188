using System.Runtime.CompilerServices;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Decompression;

/// <summary>
/// Reads the decompressed bytes of a stored object. It recognizes gzip, zlib and Zstandard, also nested, by their first
/// bytes. A read returns 0 only after every layer has been verified. It reads one object at a time, each from
/// <see cref="Open"/> to <see cref="Dispose"/>.
/// </summary>
internal sealed class VerifiedReader : IDisposable
{
    private const long RatioFreeBytes = 1 << 20;

    // Real objects have no more layers than this, and every layer costs a decompressor.
    private const int MaxLayers = 3;

    private readonly CollectOptions _options;
    private readonly StoredReader _stored;

    // Nearly every object has one gzip layer, so that layer is reused.
    private readonly GzipLayer _gzip = new();
    private readonly List<IDisposable> _inner = [];
    private Layer? _top;
    private int _layers;
    private bool _isOpen;

    public VerifiedReader(CollectOptions options)
    {
        _options = options;
        _stored = new(options.MaxStoredBytes);
    }

    /// <summary>Whether the object is compressed.</summary>
    public bool Compressed => _layers > 0;

    /// <summary>Number of stored bytes read; at the end, the size of the object.</summary>
    public long StoredBytes => _stored.Position;

    /// <summary>Number of decompressed bytes returned.</summary>
    public long ExpandedBytes { get; private set; }

    /// <summary>Starts reading <paramref name="stored"/>, which stays open.</summary>
    public void Open(Stream stored)
    {
        _stored.Open(stored);
        (_top, _layers, _isOpen, ExpandedBytes) = (null, 0, false, 0);
    }

    /// <summary>Reads decompressed bytes; returns 0 after all of them have been returned and verified.</summary>
    /// <param name="destination">At least <see cref="Compressions.MagicBytes"/> long.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="PipelineException">
    /// Transient <see cref="FailureReasons.ObjectDamaged"/>, or permanent <see cref="FailureReasons.LimitExceeded"/>.
    /// </exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var read = _isOpen
            ? await ReadTopAsync(destination, cancellationToken)
            : await BeginAsync(destination, cancellationToken);
        ExpandedBytes += read;
        CheckLimits(ExpandedBytes);
        return read;
    }

    public void Dispose()
    {
        _gzip.Dispose();
        foreach (var inner in _inner)
            inner.Dispose();
        _inner.Clear();
        _top = null;
        _stored.Dispose();
    }

    private ValueTask<int> ReadTopAsync(Memory<byte> destination, CancellationToken cancellationToken) => _top is null
        ? _stored.ReadAsync(destination, cancellationToken)
        : _top.ReadAsync(destination, cancellationToken);

    /// <summary>Opens layer after layer until the bytes are not compressed; returns the first of those bytes.</summary>
    private async ValueTask<int> BeginAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        _isOpen = true;
        await _stored.EnsureAsync(Compressions.MagicBytes, cancellationToken);
        if (_stored.Buffered.Length == 0)
            throw Damaged("is empty");
        var format = Compressions.Of(_stored.Buffered);
        if (format == Compression.None && !LooksLikeText(_stored.Buffered))
            throw Damaged("begins like neither a compressed file nor JSON");
        var below = _stored;
        while (format != Compression.None)
        {
            if (_layers == MaxLayers)
                await RefuseAsync(below, cancellationToken);
            await PushAsync(format, below, cancellationToken);
            var read = await ReadStartAsync(destination, cancellationToken);
            format = Compressions.Of(destination.Span[..read]);
            if (format == Compression.None)
                return read;
            below = new(long.MaxValue);
            _inner.Add(below);
            below.Open(new LayerStream(this, _top!, read), destination.Span[..read]);
            await below.EnsureAsync(Compressions.MagicBytes, cancellationToken);
        }
        return await ReadTopAsync(destination, cancellationToken);
    }

    private async ValueTask PushAsync(Compression format, StoredReader below, CancellationToken cancellationToken)
    {
        _layers++;
        _top = format == Compression.Gzip && _layers == 1 ? _gzip : Layer.Create(format);
        if (_top != _gzip)
            _inner.Add(_top);
        await _top.OpenAsync(below, cancellationToken);
    }

    /// <summary>
    /// Refuses another layer, but only after the layers below have been verified: a damaged object is reported as
    /// damaged, whatever it looks like.
    /// </summary>
    private static async ValueTask RefuseAsync(StoredReader below, CancellationToken cancellationToken)
    {
        await below.SkipAsync(cancellationToken);
        throw PipelineException.Permanent(
            FailureReasons.LimitExceeded, $"The stored object has more than {MaxLayers} layers of compression.");
    }

    /// <summary>Reads enough bytes to recognize the format, or fewer at the end.</summary>
    private async ValueTask<int> ReadStartAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var start = 0;
        while (start < Compressions.MagicBytes
            && await _top!.ReadAsync(destination[start..], cancellationToken) is var read and > 0)
            start += read;
        return start;
    }

    /// <summary>
    /// Whether an object without a known magic number may be JSON, which the scanner then decides. Otherwise it counts
    /// as a compressed object with a damaged magic number.
    /// </summary>
    private static bool LooksLikeText(ReadOnlySpan<byte> bytes) =>
        bytes[0] is (>= 0x20 and < 0x7F) or (byte)'\t' or (byte)'\n' or (byte)'\r' or 0xEF
            && !(bytes.Length > 1 && bytes[1] == 0x8B);

    /// <summary>Checks the output of a layer against the limits on size and ratio.</summary>
    private void CheckLimits(long expandedBytes)
    {
        if (expandedBytes > _options.MaxExpandedBytes)
            throw PipelineException.Permanent(FailureReasons.LimitExceeded,
                $"The result document has more than {_options.MaxExpandedBytes} bytes. Raise Collect:MaxExpandedBytes "
                    + "if such results are expected.");
        if (Compressed && expandedBytes > RatioFreeBytes && expandedBytes / _options.MaxRatio > StoredBytes)
            throw PipelineException.Permanent(FailureReasons.LimitExceeded,
                $"The stored object expands more than {_options.MaxRatio} times: {StoredBytes} bytes gave "
                    + $"{expandedBytes}. Raise Collect:MaxRatio if such results are expected.");
    }

    private PipelineException Damaged(string what) =>
        PipelineException.Transient(FailureReasons.ObjectDamaged, $"The stored object {what}, at byte {StoredBytes}.");

    /// <summary>The output of a layer as the input of the layer above.</summary>
    /// <param name="owner">Checks the limits.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="given">Number of bytes that were already read from the layer.</param>
    private sealed class LayerStream(VerifiedReader owner, Layer layer, long given) : ForwardStream
    {
        private long _given = given;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await layer.ReadAsync(buffer, cancellationToken);
            _given += read;
            owner.CheckLimits(_given);
            return read;
        }
    }
}
