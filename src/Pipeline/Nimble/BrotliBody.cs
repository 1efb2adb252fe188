using System.IO.Compression;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Nimble;

/// <summary>
/// Decompresses an answer that a proxy compressed with Brotli without being asked. Unlike gzip, zlib and Zstandard, its
/// first bytes do not show it. Invalid data is a transient <see cref="FailureReasons.ObjectDamaged"/>.
/// </summary>
internal sealed class BrotliBody(Stream compressed) : ForwardStream
{
    private readonly BrotliStream _plain = new(compressed, CompressionMode.Decompress);

    /// <summary>Whether a response says that its body is compressed with Brotli.</summary>
    public static bool IsIn(HttpResponseMessage response) =>
        response.Content.Headers.ContentEncoding.LastOrDefault()?.Equals("br", StringComparison.OrdinalIgnoreCase)
            == true;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await _plain.ReadAsync(buffer, cancellationToken);
        }
        // Unlike the other decoders, .NET's throws InvalidOperationException for data that is not Brotli.
        catch (Exception e)
            when (e is InvalidDataException or InvalidOperationException and not ObjectDisposedException)
        {
            throw PipelineException.Transient(
                FailureReasons.ObjectDamaged, "The answer should be compressed with Brotli (br), but is damaged.",
                inner: e);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _plain.DisposeAsync();
        await base.DisposeAsync();
    }
}
