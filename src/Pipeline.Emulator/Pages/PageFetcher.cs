using System.Net;
using System.Net.Sockets;

namespace Pipeline.Emulator.Pages;

/// <summary>
/// Fetches pages. It follows redirects itself, so that the address of every hop is checked. An HTTP error is a page
/// too.
/// </summary>
/// <param name="http">A client from <see cref="CreateClient"/>.</param>
/// <param name="timeout">The limit for a page with all its redirects and its body; 30 s by default.</param>
/// <param name="maxBytes">The largest body in bytes, decompressed; 64 MiB by default.</param>
/// <param name="allowPrivate">Whether private addresses may be fetched, as in <see cref="CreateClient"/>.</param>
internal sealed class PageFetcher(HttpClient http, bool allowPrivate, TimeSpan? timeout = null, int maxBytes = 64 << 20)
{
    /// <summary>The host name of the emulator's sample site, whatever port the emulator has.</summary>
    public const string SampleHost = "sample.test";

    private const int MaxRedirects = 10;
    private const int MaxConnectionsPerHost = 256;

    private readonly TimeSpan _timeout = timeout ?? TimeSpan.FromSeconds(30);

    /// <summary>Creates a client that any number of fetchers can share.</summary>
    /// <param name="ownAddress">The address of <see cref="SampleHost"/>; null before the emulator listens.</param>
    /// <param name="allowPrivate">
    /// Whether to connect to addresses of this machine and private networks. <see cref="SampleHost"/> is always
    /// allowed.
    /// </param>
    public static HttpClient CreateClient(Func<Uri?> ownAddress, bool allowPrivate)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.All,
            UseCookies = false,
            MaxConnectionsPerServer = MaxConnectionsPerHost,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            Proxy = new SampleBypass(HttpClient.DefaultProxy),
            ConnectCallback = (context, cancellationToken) =>
                ConnectAsync(context, ownAddress, allowPrivate, cancellationToken),
        };
        var client = new HttpClient(handler) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("Mozilla/5.0 (compatible; PipelineEmulator/1.0)");
        client.DefaultRequestHeaders.Accept.ParseAdd("text/html,application/xhtml+xml,*/*;q=0.8");
        return client;
    }

    /// <summary>Fetches a page.</summary>
    /// <exception cref="PageFetchException">The page could not be fetched.</exception>
    public async Task<FetchedPage> FetchAsync(Uri url, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_timeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await FollowAsync(url, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PageFetchException(
                PageFetchException.Timeout,
                $"'{url}' did not send a whole answer within {_timeout.TotalSeconds:0.##} s.", e);
        }
        catch (HttpRequestException e) when (e.InnerException is PageFetchException refused)
        {
            throw new PageFetchException(refused.ErrorType, refused.Message, e);
        }
        catch (HttpRequestException e)
        {
            throw new PageFetchException(TypeOf(e), $"'{url}' cannot be fetched: {CauseOf(e)}", e);
        }
        catch (Exception e) when (e is IOException or SocketException or InvalidDataException)
        {
            throw new PageFetchException(
                PageFetchException.BadResponse, $"The answer of '{url}' is incomplete or malformed: {e.Message}", e);
        }
    }

    private async Task<FetchedPage> FollowAsync(Uri url, CancellationToken cancellationToken)
    {
        var at = url;
        var redirects = new List<Redirect>();
        for (var hop = 0; hop <= MaxRedirects; hop++)
        {
            if (!at.IsAbsoluteUri || at.Scheme is not ("http" or "https"))
                throw new PageFetchException(PageFetchException.InvalidUrl, $"'{at}' is not an http or https URL.");
            // A proxy would connect for us, so ConnectAsync would never see this address.
            if (!allowPrivate && AddressGuard.IsPrivateLiteral(at))
                throw AddressGuard.Refused(at.Host);
            using var response = await http.GetAsync(at, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (TargetOf(response, at) is not { } target)
            {
                var type = response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var values)
                    ? values.ToString()
                    : null;
                var body = await ReadAsync(response.Content, at, cancellationToken);
                return new(at, (int)response.StatusCode, type, body) { Redirects = redirects };
            }

            redirects.Add(new((int)response.StatusCode, at));
            at = target;
        }

        throw new PageFetchException(
            PageFetchException.TooManyRedirects, $"'{url}' redirects more than {MaxRedirects} times.");
    }

    private static Uri? TargetOf(HttpResponseMessage response, Uri at)
    {
        if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found
            or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
            return null;
        return response.Headers.Location is { } location && Uri.TryCreate(at, location, out var target) ? target : null;
    }

    private async Task<byte[]> ReadAsync(HttpContent content, Uri url, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > maxBytes)
            throw TooLarge(url);
        await using var body = await content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[content.Headers.ContentLength + 1 ?? 64 * 1024];
        var length = 0;
        int read;
        while ((read = await body.ReadAsync(buffer.AsMemory(length), cancellationToken)) > 0)
        {
            length += read;
            if (length > maxBytes)
                throw TooLarge(url);
            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, maxBytes + 1L));
        }

        Array.Resize(ref buffer, length);
        return buffer;
    }

    private PageFetchException TooLarge(Uri url) =>
        new(PageFetchException.TooLarge, $"'{url}' has more than {maxBytes:N0} bytes.");

    /// <summary>
    /// The cause of a failure. The outer text names the address if no connection was made, and otherwise refers to the
    /// inner one.
    /// </summary>
    private static string CauseOf(HttpRequestException error) =>
        error.InnerException is null or SocketException ? error.Message : error.GetBaseException().Message;

    private static string TypeOf(HttpRequestException error) => error.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => PageFetchException.DnsFailure,
        HttpRequestError.SecureConnectionError => PageFetchException.TlsFailure,
        HttpRequestError.ConnectionError or HttpRequestError.ProxyTunnelError => PageFetchException.ConnectionFailed,
        _ => PageFetchException.BadResponse,
    };

    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, Func<Uri?> ownAddress, bool allowPrivate,
        CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var request = context.InitialRequestMessage;
        var isProxy = request.Method == HttpMethod.Connect
            || !host.Equals(request.RequestUri!.IdnHost.Trim('[', ']'), StringComparison.OrdinalIgnoreCase);
        var isChecked = !allowPrivate && !isProxy;
        if (host.Equals(SampleHost, StringComparison.OrdinalIgnoreCase))
        {
            var own = ownAddress() ?? throw new SocketException((int)SocketError.HostNotFound);
            (host, port) = (
                own.Host is "0.0.0.0" or "[::]" or "*" or "+" ? "127.0.0.1" : own.Host.Trim('[', ']'), own.Port);
            isChecked = false;
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (isChecked)
                await socket.ConnectAsync(
                    await AddressGuard.ResolveAsync(host, cancellationToken), port, cancellationToken);
            else
                await socket.ConnectAsync(host, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A proxy cannot resolve the sample site's name.
    private sealed class SampleBypass(IWebProxy inner) : IWebProxy
    {
        public ICredentials? Credentials
        {
            get => inner.Credentials;
            set => inner.Credentials = value;
        }

        public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : inner.GetProxy(destination);

        public bool IsBypassed(Uri host) =>
            host.IsLoopback || host.Host.Equals(SampleHost, StringComparison.OrdinalIgnoreCase)
                || inner.IsBypassed(host);
    }
}
