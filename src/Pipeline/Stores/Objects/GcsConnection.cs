using Google.Apis.Auth.OAuth2;
using Google.Apis.Http;

namespace Pipeline.Stores.Objects;

/// <summary>Google's own HTTP client, with credentials by federation or the application's default ones; without any where the endpoint is an emulator.</summary>
internal sealed class GcsConnection(ObjectStoreOptions options) : IDisposable
{
    private const string Scope = "https://www.googleapis.com/auth/devstorage.read_write";

    private readonly string _root = Root(options.GcsEndpoint);
    private readonly SemaphoreSlim _gate = new(1);
    private HttpClient? _client;

    public Uri Address(string path) => new(_root + path);

    public async ValueTask<HttpClient> GetClientAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _client) is { } ready)
            return ready;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return _client ??= Create(options.GcsEndpoint is null ? await FindCredentialAsync(cancellationToken) : null);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        _client?.Dispose();
        _gate.Dispose();
    }

    internal static ConfigurableHttpClient Create(GoogleCredential? credential)
    {
        var arguments = new CreateHttpClientArgs { ApplicationName = "pipeline", GZipEnabled = false };
        if (credential is not null)
            arguments.Initializers.Add(credential);
        var client = new LeanFactory().CreateHttpClient(arguments);
        client.Timeout = Timeout.InfiniteTimeSpan;
        client.MessageHandler.FollowRedirect = false;
        client.MessageHandler.IsLoggingEnabled = false;
        return client;
    }

    private async Task<GoogleCredential> FindCredentialAsync(CancellationToken cancellationToken)
    {
        try
        {
            var credential = options.GcsProvider is null ? await GoogleCredential.GetApplicationDefaultAsync(cancellationToken) : GcsFederation.Create(options);
            return credential.IsCreateScopedRequired ? credential.CreateScoped(Scope) : credential;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or UnauthorizedAccessException or Newtonsoft.Json.JsonException)
        {
            throw GcsErrors.NoCredentials(e);
        }
    }

    private static string Root(string? endpoint)
    {
        if (endpoint is null)
            return "https://storage.googleapis.com/";
        var text = endpoint.Contains("://", StringComparison.Ordinal) ? endpoint : "http://" + endpoint;
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri.AbsoluteUri.TrimEnd('/') + "/"
            : throw PipelineException.Permanent(FailureReasons.InvalidConfiguration, $"STORAGE_EMULATOR_HOST is '{endpoint}', which is not a host or an http address.");
    }

    private sealed class LeanFactory : HttpClientFactory
    {
        protected override HttpMessageHandler CreateHandler(CreateHttpClientArgs args) => ObjectHttp.CreateHandler();
    }
}
