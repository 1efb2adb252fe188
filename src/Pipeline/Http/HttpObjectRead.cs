using Pipeline.Ports;

namespace Pipeline.Http;

/// <summary>An object read over HTTP.</summary>
/// <param name="body">Its bytes as sent.</param>
/// <param name="bytes">Their number; null if unknown.</param>
/// <param name="etag">The version; null if the server has none.</param>
/// <param name="decoded">
/// Its bytes after the connection's encoding is undone; owns <paramref name="body"/>. Null if there is no encoding.
/// </param>
internal sealed class HttpObjectRead(ResumingStream body, long? bytes, string? etag, Stream? decoded = null)
    : ObjectRead
{
    public override Stream Body => decoded ?? body;

    public override long? Bytes => bytes;

    public override string? ETag => etag;

    public override bool TakesDoubt
    {
        get => body.TakesDoubt;
        set => body.TakesDoubt = value;
    }

    public override string? Doubt => body.Doubt;

    public override ValueTask DisposeAsync() => Body.DisposeAsync();
}
