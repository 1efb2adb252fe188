using System.Net;

namespace Pipeline.Nimble;

/// <summary>
/// The body of a POST that must reach the server at most once. <see cref="Started"/> false after a failure proves that no server has the request:
/// it is incomplete without its body. A second attempt to send it, by whatever retry there may be underneath, fails.
/// </summary>
internal sealed class OnceContent : HttpContent
{
    private readonly ReadOnlyMemory<byte> _body;
    private int _sends;

    public OnceContent(ReadOnlyMemory<byte> body)
    {
        _body = body;
        Headers.ContentType = new("application/json");
    }

    /// <summary>Whether the first byte of the body may have left.</summary>
    public bool Started => Volatile.Read(ref _sends) > 0;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        Interlocked.Increment(ref _sends) == 1
            ? stream.WriteAsync(_body, cancellationToken).AsTask()
            : throw new IOException("This request has been sent before and is not sent again: what it asks for may be billed twice.");

    protected override bool TryComputeLength(out long length)
    {
        length = _body.Length;
        return true;
    }
}
