using System.Runtime.CompilerServices;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Decompression;

/// <summary>
/// The expanded bytes of a stored object, whatever compression lies around them, told by their first bytes: gzip, zlib, zstd, or one in the
/// other. The read that gives 0 has proven every layer whole. One object after the other, each from <see cref="Open"/> to <see cref="Dispose"/>.
/// </summary>
internal sealed class VerifiedReader : IDisposable
{
    private const long RatioFreeBytes = 1 << 20;

    // Nobody means more than this; each costs a decompressor.
    private const int MaxLayers = 3;

    private readonly CollectOptions _options;
    private readonly StoredReader _stored;

    // Nearly every object is gzip once, so that its layer is kept for the next.
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

    /// <summary>The stored bytes taken so far; at the end the size of the object.</summary>
    public long StoredBytes => _stored.Position;

    /// <summary>The bytes given so far.</summary>
    public long ExpandedBytes { get; private set; }

    /// <summary>Begins to read <paramref name="stored"/>, which stays open.</summary>
    public void Open(Stream stored)
    {
        _stored.Open(stored);
        (_top, _layers, _isOpen, ExpandedBytes) = (null, 0, false, 0);
    }

    /// <summary>Reads expanded bytes; 0 when all were given and proven.</summary>
    /// <param name="destination">At least <see cref="Compressions.MagicBytes"/> long.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="PipelineException">Transient <see cref="FailureReasons.ObjectDamaged"/>, or permanent <see cref="FailureReasons.LimitExceeded"/>.</exception>
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

    /// <summary>Takes layers off until what is read begins like none; returns the first bytes of that.</summary>
    private async ValueTask<int> BeginAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        _isOpen = true;
        await _stored.EnsureAsync(Compressions.MagicBytes, cancellationToken);
        if (_stored.Buffered.Length == 0)
            throw Damaged("is empty");
        var form = Compressions.Of(_stored.Buffered);
        if (form == Compression.None && !LooksLikeText(_stored.Buffered))
            throw Damaged("begins like neither a compressed file nor JSON");
        var below = _stored;
        while (form != Compression.None)
        {
            if (_layers == MaxLayers)
                await RefuseAsync(below, cancellationToken);
            await PushAsync(form, below, cancellationToken);
            var read = await ReadStartAsync(destination, cancellationToken);
            form = Compressions.Of(destination.Span[..read]);
            if (form == Compression.None)
                return read;
            below = new(long.MaxValue);
            _inner.Add(below);
            below.Open(new LayerStream(this, _top!, destination[..read].ToArray()));
            await below.EnsureAsync(Compressions.MagicBytes, cancellationToken);
        }
        return await ReadTopAsync(destination, cancellationToken);
    }

    private async ValueTask PushAsync(Compression form, StoredReader below, CancellationToken cancellationToken)
    {
        _layers++;
        _top = form == Compression.Gzip && _layers == 1 ? _gzip : Layer.Create(form);
        if (_top != _gzip)
            _inner.Add(_top);
        await _top.OpenAsync(below, cancellationToken);
    }

    /// <summary>Says so only once all that is below has proven whole: a damaged object is damaged, whatever it looks like.</summary>
    private static async ValueTask RefuseAsync(StoredReader below, CancellationToken cancellationToken)
    {
        await below.SkipAsync(cancellationToken);
        throw PipelineException.Permanent(FailureReasons.LimitExceeded, $"The stored object is compressed more than {MaxLayers} times over.");
    }

    /// <summary>Reads enough to see what it begins like; less where there is no more.</summary>
    private async ValueTask<int> ReadStartAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        var start = 0;
        while (start < Compressions.MagicBytes && await _top!.ReadAsync(destination[start..], cancellationToken) is var read and > 0)
            start += read;
        return start;
    }

    /// <summary>A flipped bit in the first bytes of a compressed object is damage; what begins as text is left to the JSON grammar.</summary>
    private static bool LooksLikeText(ReadOnlySpan<byte> bytes) =>
        bytes[0] is (>= 0x20 and < 0x7F) or (byte)'\t' or (byte)'\n' or (byte)'\r' or 0xEF && !(bytes.Length > 1 && bytes[1] == 0x8B);

    /// <summary>Holds for what every layer gives, against what is stored.</summary>
    private void CheckLimits(long expandedBytes)
    {
        if (expandedBytes > _options.MaxExpandedBytes)
            throw PipelineException.Permanent(FailureReasons.LimitExceeded,
                $"The result document has more than {_options.MaxExpandedBytes} bytes. Raise Collect:MaxExpandedBytes if such results are expected.");
        if (Compressed && expandedBytes > RatioFreeBytes && expandedBytes / _options.MaxRatio > StoredBytes)
            throw PipelineException.Permanent(FailureReasons.LimitExceeded,
                $"The stored object expands more than {_options.MaxRatio} times: {StoredBytes} bytes gave {expandedBytes}. Raise Collect:MaxRatio if such results are expected.");
    }

    private PipelineException Damaged(string what) =>
        PipelineException.Transient(FailureReasons.ObjectDamaged, $"The stored object {what}, at byte {StoredBytes}.");

    /// <summary>What a layer gives, for the layer above it. Its first bytes have been read already.</summary>
    private sealed class LayerStream(VerifiedReader owner, Layer layer, ReadOnlyMemory<byte> start) : ForwardStream
    {
        private long _given;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = Math.Min(start.Length, buffer.Length);
            if (read > 0)
            {
                start[..read].CopyTo(buffer);
                start = start[read..];
            }
            else
            {
                read = await layer.ReadAsync(buffer, cancellationToken);
            }
            _given += read;
            owner.CheckLimits(_given);
            return read;
        }
    }
}
