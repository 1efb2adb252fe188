using Pipeline.Decompression;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Intake.Reading;

/// <summary>
/// Decompresses a gzip list, verified like a result: a truncated file is an error, so no URL after the cut is lost
/// silently. Several gzip files in one (<c>cat a.gz b.gz</c>) are one list.
/// </summary>
/// <param name="compressed">The rest of the file, after <paramref name="head"/>.</param>
/// <param name="head">The bytes that were already read from the file.</param>
/// <param name="maxRatio">Maximum expansion, as a multiple of the file's size. Checked above 1 MiB of output.</param>
internal sealed class GzipListStream(Stream compressed, ReadOnlyMemory<byte> head, int maxRatio) : ForwardStream
{
    private const long RatioFrom = 1 << 20;

    private readonly StoredReader _stored = new(long.MaxValue);
    private readonly GzipLayer _gzip = new();
    private bool _isOpen;
    private long _length;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0)
            return 0;
        try
        {
            if (!_isOpen)
                await OpenAsync(cancellationToken);
            var read = await _gzip.ReadAsync(buffer, cancellationToken);
            _length += read;
            return _length > RatioFrom && _length / maxRatio > _stored.Position ? throw Bomb() : read;
        }
        catch (PipelineException error) when (error.Reason == FailureReasons.ObjectDamaged)
        {
            throw Damaged(error);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        _gzip.Dispose();
        _stored.Dispose();
        await compressed.DisposeAsync();
        await base.DisposeAsync();
    }

    private ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        _isOpen = true;
        _stored.Open(compressed, head.Span);
        return _gzip.OpenAsync(_stored, cancellationToken);
    }

    private PipelineException Bomb() =>
        PipelineException.Permanent(
            FailureReasons.LimitExceeded,
            $"The gzip file of this list expands to more than {maxRatio:N0} times its size (Intake:MaxRatio). Send it "
                + "uncompressed, or raise the setting.");

    private static PipelineException Damaged(PipelineException error) =>
        PipelineException.Permanent(
            FailureReasons.InvalidInput,
            "The gzip file of this list is damaged, truncated, or followed by other bytes. Compress the list again, or "
                + "send it uncompressed.",
            error);
}
