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

    private readonly VerifiedReader _source = new(options);
    private readonly ResultScanner _scanner = new(options, staging);
    private byte[] _buffer = [];
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
            Append(_buffer.AsSpan(0, read));
        return Complete();
    }

    /// <summary>Gives its buffers back, until the next document.</summary>
    public void Dispose()
    {
        _scanner.Dispose();
        _source.Dispose();
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
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
