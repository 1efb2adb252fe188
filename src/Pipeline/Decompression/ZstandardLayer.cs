using Pipeline.IO;
using Pipeline.Model;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Pipeline.Decompression;

/// <summary>Zstandard: every frame must be whole, its checksum must match where it has one, and nothing but frames may follow.</summary>
internal sealed class ZstandardLayer : Layer
{
    // The decoder keeps a window of the frame's choice: 8 MiB is what the highest ordinary level of the format uses.
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
            // A damaged object is damaged, whatever its header asks for.
            await _below.SkipAsync(cancellationToken);
            throw PipelineException.Permanent(
                FailureReasons.LimitExceeded, $"The stored object is zstd with a window of more than {1 << (MaxWindowLog - 20)} MiB.");
        }
        catch (ZstdException e)
        {
            throw Damaged($"has invalid zstd data ({e.Message})", _below, e);
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

    /// <summary>The bytes below as the stream that the decoder wants.</summary>
    private sealed class ReadStream(StoredReader below) : ForwardStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            below.ReadAsync(buffer, cancellationToken);
    }
}
