using System.Buffers.Binary;
using System.IO.Hashing;

namespace Pipeline.Stores.Objects;

/// <summary>What is sent to GCS.</summary>
internal static class GcsUpload
{
    /// <summary>The rest of the stream as a request body; the stream stays open for another try.</summary>
    public static HttpContent Create(Stream content) => new Rest(content) { Headers = { ContentType = new("application/octet-stream") } };

    /// <summary>The CRC-32C of the rest of the stream as GCS writes it: base64, the highest byte first.</summary>
    public static async ValueTask<string> ChecksumAsync(Stream content, CancellationToken cancellationToken)
    {
        var crc = new Crc32(Crc32ParameterSet.Crc32C);
        await crc.AppendAsync(content, cancellationToken);
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, crc.GetCurrentHashAsUInt32());
        return Convert.ToBase64String(bytes);
    }

    private sealed class Rest(Stream content) : HttpContent
    {
        private readonly long _length = content.Length - content.Position;

        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => content.CopyToAsync(stream);

        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context, CancellationToken cancellationToken) =>
            content.CopyToAsync(stream, cancellationToken);

        protected override bool TryComputeLength(out long length)
        {
            length = _length;
            return true;
        }
    }
}
