using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Pipeline.Emit;

namespace Pipeline.Collect;

/// <summary>Reads documents, one after the other, and is disposed after each. After an exception it is of no more use.</summary>
internal sealed class DocumentReader(CollectOptions options, StagingPool staging) : IDisposable
{
    // What the scanner takes in one piece.
    private const int BufferBytes = JsonScanner.PieceBytes;

    // From here on a document is large enough for two cores: the next bytes are unpacked while these are scanned, so many at once that handing them over costs little beside them.
    private const long LargeBytes = 1 << 20;
    private const int LargeBufferBytes = 2 * BufferBytes;

    private readonly VerifiedReader _source = new(options);
    private readonly ResultScanner _scanner = new(options, staging);
    private byte[] _buffer = [];
    private byte[] _nextBuffer = [];
    private Utf8Validator _utf8;
    private PipelineException? _fault;

    /// <inheritdoc cref="ResultNormalizer.NormalizeAsync"/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<NormalizedResult> ReadAsync(Stream stored, CancellationToken cancellationToken)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        _source.Open(stored);
        _scanner.Start();
        (_utf8, _fault) = (default, null);
        int read;
        while ((read = await _source.ReadAsync(_buffer.AsMemory(0, BufferBytes), cancellationToken)) > 0)
        {
            Append(_buffer.AsSpan(0, read));
            if (_source.ExpandedBytes >= LargeBytes)
            {
                await ReadLargeAsync(cancellationToken);
                break;
            }
        }
        return Complete();
    }

    /// <summary>Gives its buffers back, until the next document.</summary>
    public void Dispose()
    {
        _scanner.Dispose();
        _source.Dispose();
        Return(ref _buffer);
        Return(ref _nextBuffer);
    }

    private static void Return(ref byte[] buffer)
    {
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
    }

    /// <summary>Reads the rest.</summary>
    private async Task ReadLargeAsync(CancellationToken cancellationToken)
    {
        Return(ref _buffer);
        (_buffer, _nextBuffer) = (ArrayPool<byte>.Shared.Rent(LargeBufferBytes), ArrayPool<byte>.Shared.Rent(LargeBufferBytes));
        var read = await FillAsync(_buffer, cancellationToken);
        while (read > 0)
        {
            var next = Task.Run(() => FillAsync(_nextBuffer, cancellationToken), CancellationToken.None);
            try
            {
                Append(_buffer.AsSpan(0, read));
            }
            finally
            {
                // Whatever becomes of these bytes, nobody may write into buffers that were given back.
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            read = await next;
            (_buffer, _nextBuffer) = (_nextBuffer, _buffer);
        }
    }

    private async Task<int> FillAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        var filled = 0;
        while (filled < LargeBufferBytes && await _source.ReadAsync(buffer.AsMemory(filled, LargeBufferBytes - filled), cancellationToken) is var read and > 0)
            filled += read;
        return filled;
    }

    /// <summary>
    /// Scans, and keeps a permanent fault to itself until all of the object was read: only then is it known whether the fault is the document's or the object is
    /// damaged.
    /// </summary>
    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_fault is not null)
            return;
        try
        {
            if (!_utf8.Append(bytes))
                throw PipelineException.Permanent(FailureReasons.ResultInvalid,
                    $"The result document is not UTF-8 between byte {_scanner.ScannedBytes} and byte {_scanner.ScannedBytes + bytes.Length}.");
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
            throw PipelineException.Transient(FailureReasons.ObjectDamaged, $"The result document ends before it is complete, at byte {_scanner.ScannedBytes}.");
        var result = _scanner.Take();
        result.Compressed = _source.Compressed;
        result.StoredBytes = _source.StoredBytes;
        result.ExpandedBytes = _source.ExpandedBytes;
        return result;
    }
}
