using Pipeline.Ports;

namespace Pipeline.Http;

/// <summary>An object read over HTTP.</summary>
internal sealed class HttpObjectRead(ResumingStream body, long? bytes, string? etag) : ObjectRead
{
    public override Stream Body => body;

    public override long? Bytes => bytes;

    public override string? ETag => etag;

    public override bool TakesDoubt
    {
        get => body.TakesDoubt;
        set => body.TakesDoubt = value;
    }

    public override string? Doubt => body.Doubt;

    public override ValueTask DisposeAsync() => body.DisposeAsync();
}
