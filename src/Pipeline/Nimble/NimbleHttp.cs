using System.Net;
using Pipeline.Http;

namespace Pipeline.Nimble;

/// <summary>
/// Creates the HTTP client for <see cref="NimbleClient"/>. A POST gets a new connection: on a pooled one that the
/// server has just closed, it would fail after its body was sent, and nobody could tell whether the server accepted it.
/// The client follows no redirects and retries nothing.
/// </summary>
internal static class NimbleHttp
{
    public static HttpClient CreateClient() => new(CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };

    public static HttpMessageHandler CreateHandler() =>
        new MethodHandler(Create(TimeSpan.FromMinutes(5)), Create(TimeSpan.Zero));

    private static TracedHandler Create(TimeSpan connectionLifetime) => new("nimble", new SocketsHttpHandler
    {
        ActivityHeadersPropagator = null,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(30),
        PooledConnectionLifetime = connectionLifetime,
    });

    private sealed class MethodHandler(HttpMessageHandler reads, HttpMessageHandler posts) : HttpMessageHandler
    {
        private readonly HttpMessageInvoker _reads = new(reads);
        private readonly HttpMessageInvoker _posts = new(posts);

        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) =>
            (request.Method == HttpMethod.Post ? _posts : _reads).SendAsync(request, cancellationToken);

        protected override void Dispose(bool disposing)
        {
            _reads.Dispose();
            _posts.Dispose();
            base.Dispose(disposing);
        }
    }
}
