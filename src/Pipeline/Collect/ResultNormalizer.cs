using System.Buffers;
using System.Runtime.ExceptionServices;
using Pipeline.Emit;

namespace Pipeline.Collect;

/// <summary>
/// Reads a stored result once, front to back, verifies it and takes it apart. Memory is bounded whatever the document's size, and nothing is kept
/// between two documents. Safe for concurrent use.
/// </summary>
internal sealed class ResultNormalizer(CollectOptions options)
{
    // What the scanner takes in one piece.
    private const int BufferBytes = JsonScanner.PieceBytes;

    private readonly StagingPool _staging = new(options.StagingBytes);

    /// <summary>Reads to the end of <paramref name="stored"/>, which stays open. The caller disposes the result.</summary>
    /// <exception cref="PipelineException">
    /// <see cref="FailureReasons.ObjectDamaged"/> (transient: truncated, altered or incomplete; a later read may be whole),
    /// <see cref="FailureReasons.ResultInvalid"/> (permanent: proven whole, but not a result document),
    /// <see cref="FailureReasons.LimitExceeded"/> (permanent). A damaged object is called damaged, whatever else its bytes may look like.
    /// </exception>
    public async Task<NormalizedResult> NormalizeAsync(Stream stored, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        using var reader = new VerifiedReader(stored, options);
        using var document = new DocumentCheck(options, _staging);
        try
        {
            int read;
            while ((read = await reader.ReadAsync(buffer.AsMemory(0, BufferBytes), cancellationToken)) > 0)
                document.Append(buffer.AsSpan(0, read));
            var result = document.Complete();
            result.Compressed = reader.Compressed;
            result.StoredBytes = reader.StoredBytes;
            result.ExpandedBytes = reader.ExpandedBytes;
            return result;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Scans a document, and keeps a permanent fault to itself until all of the object was read: only then is it known whether the fault is the
    /// document's or the object is damaged.
    /// </summary>
    private sealed class DocumentCheck(CollectOptions options, StagingPool staging) : IDisposable
    {
        private readonly ResultScanner _scanner = new(options, staging);
        private Utf8Validator _utf8;
        private PipelineException? _fault;

        public void Append(ReadOnlySpan<byte> bytes)
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

        public NormalizedResult Complete()
        {
            if (_fault is not null)
                ExceptionDispatchInfo.Throw(_fault);
            if (!_scanner.IsComplete)
                throw PipelineException.Transient(FailureReasons.ObjectDamaged, $"The result document ends before it is complete, at byte {_scanner.ScannedBytes}.");
            return _scanner.Take();
        }

        public void Dispose() => _scanner.Dispose();
    }
}
