using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Pipeline.Collect.Json;
using Pipeline.Decompression;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Staging;

namespace Pipeline.Collect.Normalize;

/// <summary>
/// Reads documents one at a time. Dispose it after each document; it can then read the next one, unless the last one
/// threw.
/// </summary>
internal sealed class DocumentReader(CollectOptions options, StagingPool staging) : IDisposable
{
    // The scanner's piece size.
    private const int BufferBytes = JsonScanner.PieceBytes;

    // Above this size a document is worth two cores: one decompresses while the other scans, a few pieces behind.
    private const long LargeBytes = 4 << 20;
    private const int PiecesAhead = 4;

    // One such document at a time: moving bytes between cores costs more than it gains once all cores are busy.
    private static readonly SemaphoreSlim TwoCores = new(1);

    private readonly VerifiedReader _source = new(options);
    private readonly ResultScanner _scanner = new(options, staging);
    private byte[] _buffer = [];
    private Utf8Validator _utf8;
    private PipelineException? _fault;

    /// <inheritdoc cref="ResultNormalizer.NormalizeAsync"/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<NormalizedResult> ReadAsync(
        Stream stored, CancellationToken cancellationToken, bool withText = false)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        _source.Open(stored);
        _scanner.HasTextDigest = withText;
        _scanner.Start();
        (_utf8, _fault) = (default, null);
        int read;
        while ((read = await _source.ReadAsync(_buffer.AsMemory(0, BufferBytes), cancellationToken)) > 0)
        {
            Append(_buffer.AsSpan(0, read));
            if (_source.ExpandedBytes >= LargeBytes && TwoCores.Wait(0, CancellationToken.None))
            {
                try
                {
                    await ReadOnTwoCoresAsync(cancellationToken);
                }
                finally
                {
                    TwoCores.Release();
                }
                break;
            }
        }
        return Complete();
    }

    /// <summary>Returns the buffers to their pools until the next document.</summary>
    public void Dispose()
    {
        _scanner.Dispose();
        _source.Dispose();
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <summary>Reads the rest of a large document.</summary>
    private async Task ReadOnTwoCoresAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pieces = Channel.CreateBounded<ArraySegment<byte>>(
            new BoundedChannelOptions(PiecesAhead) { SingleReader = true, SingleWriter = true });
        var decompressing = Task.Run(() => DecompressAsync(pieces.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var piece in pieces.Reader.ReadAllAsync(cancellationToken))
            {
                try
                {
                    Append(piece);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(piece.Array!);
                }
            }
        }
        finally
        {
            // On success and failure alike: stop reading the object and return all memory.
            await stop.CancelAsync();
            await decompressing;
            while (pieces.Reader.TryRead(out var left))
                ArrayPool<byte>.Shared.Return(left.Array!);
        }
    }

    /// <summary>Decompresses into the channel. It never throws: the reader of the channel gets the exception.</summary>
    private async Task DecompressAsync(ChannelWriter<ArraySegment<byte>> pieces, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await FillAsync(buffer, cancellationToken) is var filled and > 0)
            {
                await pieces.WriteAsync(new(buffer, 0, filled), cancellationToken);
                buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
            }
            pieces.Complete();
        }
        catch (Exception e)
        {
            pieces.Complete(e);
        }
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private async ValueTask<int> FillAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        var filled = 0;
        while (filled < BufferBytes
            && await _source.ReadAsync(
                buffer.AsMemory(filled, BufferBytes - filled), cancellationToken) is var read and > 0)
            filled += read;
        return filled;
    }

    /// <summary>
    /// Scans bytes. A permanent fault is held back until the whole object has been read: only then is it known whether
    /// the document is wrong or the object is damaged.
    /// </summary>
    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_fault is not null)
            return;
        try
        {
            if (!_utf8.Append(bytes))
                throw PipelineException.Permanent(FailureReasons.ResultInvalid,
                    $"The result document is not UTF-8 between byte {_scanner.ScannedBytes} and byte "
                        + $"{_scanner.ScannedBytes + bytes.Length}.");
            _scanner.MayHoldSeparators = _utf8.HasSeparators;
            _scanner.Scan(bytes);
        }
        catch (PipelineException e) when (e.IsPermanent)
        {
            _fault = e;
        }
    }

    private NormalizedResult Complete()
    {
        if (_fault is not null)
            ExceptionDispatchInfo.Throw(_fault);
        if (!_scanner.IsComplete)
            throw PipelineException.Transient(
                FailureReasons.ObjectDamaged, $"The result document is cut off at byte {_scanner.ScannedBytes}.");
        var result = _scanner.Take();
        result.Compressed = _source.Compressed;
        result.StoredBytes = _source.StoredBytes;
        result.ExpandedBytes = _source.ExpandedBytes;
        return result;
    }
}
