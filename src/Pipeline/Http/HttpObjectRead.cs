using Pipeline.Ports;

namespace Pipeline.Http;

/// <summary>An object read over HTTP.</summary>
internal sealed class HttpObjectRead(Stream body, long? bytes, string? etag) : ObjectRead
{
    public override Stream Body => body;

    public override long? Bytes => bytes;

    public override string? ETag => etag;

    public override ValueTask DisposeAsync() => body.DisposeAsync();
}
