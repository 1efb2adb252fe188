using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pipeline.Tests.Nimble;

/// <summary>A TCP server that reads whole requests, answers the first few, then closes instead of answering.</summary>
internal sealed class ClosingServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _loop;
    private readonly string _body;
    private int _answers;
    private int _posts;

    public ClosingServer(byte[] body, int answersBeforeClose)
    {
        _body = Encoding.ASCII.GetString(body);
        _answers = answersBeforeClose;
        _listener.Start();
        _loop = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public int Posts => Volatile.Read(ref _posts);

    public bool CloseAfterBody { get; set; }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _loop;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The server was stopped.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        var stream = client.GetStream();
        var buffer = new byte[65536];
        var text = "";
        while (await stream.ReadAsync(buffer) is var read and > 0)
        {
            text += Encoding.ASCII.GetString(buffer, 0, read);
            if (!text.EndsWith(_body, StringComparison.Ordinal))
                continue;
            text = "";
            Interlocked.Increment(ref _posts);
            if (CloseAfterBody || Interlocked.Decrement(ref _answers) < 0)
                return;
            await stream.WriteAsync((byte[])[
                    .. "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 17\r\n\r\n"u8,
                    .. """{"task_id":"t-1"}"""u8,
                ]);
        }
    }
}
