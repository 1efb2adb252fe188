using System.Net;

namespace Pipeline.Nimble;

/// <summary>
/// The body of a POST that must reach the server at most once. If <see cref="Started"/> is false after a failure, no
/// server has the complete request. A second attempt to send the body, for example by a retry inside the HTTP stack,
/// fails.
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

    /// <summary>Whether the first byte of the body may have been sent.</summary>
    public bool Started => Volatile.Read(ref _sends) > 0;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        Interlocked.Increment(ref _sends) == 1
            ? stream.WriteAsync(_body, cancellationToken).AsTask()
            : throw new IOException(
                "This request has been sent before and is not sent again: what it asks for may be billed twice.");

    protected override bool TryComputeLength(out long length)
    {
        length = _body.Length;
        return true;
    }
}
