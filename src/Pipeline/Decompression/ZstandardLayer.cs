using Pipeline.IO;
using Pipeline.Model;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Pipeline.Decompression;

/// <summary>
/// A Zstandard layer. Every frame must be complete, its checksum (if present) must match, and only frames may follow.
/// </summary>
internal sealed class ZstandardLayer : Layer
{
    // The frame chooses the decoder's window. 8 MiB is the largest window of the ordinary compression levels.
    private const int MaxWindowLog = 23;

    private StoredReader _below = null!;
    private DecompressionStream? _frames;

    public override ValueTask OpenAsync(StoredReader below, CancellationToken cancellationToken)
    {
        _below = below;
        _frames = new DecompressionStream(new ReadStream(below), checkEndOfStream: true, leaveOpen: false);
        _frames.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, MaxWindowLog);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            return await _frames!.ReadAsync(destination, cancellationToken);
        }
        catch (ZstdException e) when (e.Code == ZSTD_ErrorCode.ZSTD_error_frameParameter_windowTooLarge)
        {
            // Read to the end first: a damaged object is reported as damaged, whatever its header says.
            await _below.SkipAsync(cancellationToken);
            throw PipelineException.Permanent(
                FailureReasons.LimitExceeded,
                $"The stored object is zstd with a window of more than {1 << (MaxWindowLog - 20)} MiB.");
        }
        catch (ZstdException e)
        {
            throw Damaged("has invalid zstd data", _below, e);
        }
        catch (EndOfStreamException e)
        {
            throw Damaged("ends inside its compressed data", _below, e);
        }
    }

    public override void Dispose()
    {
        _frames?.Dispose();
        _frames = null;
    }

    /// <summary>The layer below as a stream for the decoder.</summary>
    private sealed class ReadStream(StoredReader below) : ForwardStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            below.ReadAsync(buffer, cancellationToken);
    }
}
