using System.Net;
using System.Net.Sockets;

namespace Pipeline.Tests.Support;

/// <summary>
/// A server that resets every connection as soon as it stands, with a client that gets to know it before it asks for the address of the other side. The
/// product's clients meet the same, but seldom: what they get then is a <see cref="SocketException"/> as it is.
/// </summary>
internal sealed class ResettingServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public ResettingServer()
    {
        _listener.Start();
        Client = new(new SocketsHttpHandler { ConnectCallback = ConnectAsync });
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public HttpClient Client { get; }

    public int Connections { get; private set; }

    public void Dispose()
    {
        Client.Dispose();
        _listener.Dispose();
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        using (var accepted = await _listener.AcceptSocketAsync(cancellationToken))
            accepted.LingerState = new(enable: true, seconds: 0);
        Connections++;
        while (socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is 0)
            await Task.Delay(1, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
