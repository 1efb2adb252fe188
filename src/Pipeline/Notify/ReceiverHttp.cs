using System.Net;
using System.Net.Sockets;
using Pipeline.Model;
using Pipeline.Urls;

namespace Pipeline.Notify;

/// <summary>
/// Creates the HTTP client for a receiver. It follows no redirects, keeps no cookies, and connects only to addresses
/// that it has checked itself: a name is resolved once, so that a second answer cannot lead into a private network.
/// Behind a proxy, the proxy resolves the name and decides.
/// </summary>
internal static class ReceiverHttp
{
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    /// <summary>Creates a client.</summary>
    /// <param name="allowPrivate">Whether to connect to this machine and to private networks.</param>
    /// <param name="resolve">Returns the addresses of a host name.</param>
    public static HttpClient CreateClient(
        bool allowPrivate, Func<string, CancellationToken, Task<IPAddress[]>> resolve) =>
        new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionLifetime = ConnectionLifetime,
            // The answer's body is not read, and no server may make us read it.
            MaxResponseDrainSize = 0,
            ConnectCallback = (context, token) => ConnectAsync(context, allowPrivate, resolve, token),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };

    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context,
        bool allowPrivate,
        Func<string, CancellationToken, Task<IPAddress[]>> resolve,
        CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await resolve(host, cancellationToken);
        if (!allowPrivate && !IsProxy(context.InitialRequestMessage, host))
            addresses = addresses.Length == 0 ? [] : PublicOf(addresses, host);
        if (addresses.Length == 0)
            throw new SocketException((int)SocketError.HostNotFound);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsProxy(HttpRequestMessage request, string host) =>
        request.Method == HttpMethod.Connect
        || !host.Equals(request.RequestUri!.IdnHost.Trim('[', ']'), StringComparison.OrdinalIgnoreCase);

    private static IPAddress[] PublicOf(IPAddress[] addresses, string host) =>
        Array.FindAll(addresses, AddressRanges.IsPublic) is { Length: > 0 } allowed
            ? allowed
            : throw PipelineException.Transient(
                FailureReasons.AccessDenied,
                $"{host} is an address of this machine, a private network or a metadata service. Set "
                    + "Pipeline__Notify__AllowPrivate=true to notify it.");
}
