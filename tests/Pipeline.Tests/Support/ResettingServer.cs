using System.Net;
using System.Net.Sockets;

namespace Pipeline.Tests.Support;

/// <summary>
/// A server that resets every connection at once, and a client that notices the reset before it reads the remote
/// address. The product's clients rarely meet this, and then get a bare <see cref="SocketException"/>.
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

    private async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
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
