using Google.Apis.Auth.OAuth2;
using Google.Apis.Http;
using Google.Cloud.Storage.V1;
using Pipeline.Http.Limits;
using Pipeline.Model;

namespace Pipeline.Stores.Gcs;

/// <summary>
/// Creates Google's storage client once: with federated credentials, with the application's default credentials, or
/// without credentials for an emulator.
/// </summary>
internal sealed class GcsConnection(ObjectStoreOptions options, TimeProvider time) : IDisposable
{
    private readonly Uri? _endpoint = options.GcsEndpoint is { } text ? Root(text) : null;
    private readonly SemaphoreSlim _gate = new(1);
    private StorageClient? _client;

    public async ValueTask<StorageClient> GetClientAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _client) is { } ready)
            return ready;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return _client ??= await CreateAsync(
                options.GcsProvider is null ? null : GcsFederation.Create(options), cancellationToken);
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

    internal async Task<StorageClient> CreateAsync(GoogleCredential? credential, CancellationToken cancellationToken)
    {
        var builder = new StorageClientBuilder
        {
            ApplicationName = "pipeline",
            // The builder's own emulator detection omits storage/v1/.
            BaseUri = _endpoint is null ? null : new Uri(_endpoint, "storage/v1/").AbsoluteUri,
            UnauthenticatedAccess = _endpoint is not null && credential is null,
            GoogleCredential = credential,
            HttpClientFactory = new ClientFactory(options, _endpoint, time),
        };
        try
        {
            var client = await builder.BuildAsync(cancellationToken);
            client.Service.HttpClient.Timeout = Timeout.InfiniteTimeSpan;
            client.Service.HttpClient.MessageHandler.FollowRedirect = false;
            client.Service.HttpClient.MessageHandler.IsLoggingEnabled = false;
            return client;
        }
        catch (Exception e)
            when (
                e is InvalidOperationException or IOException or UnauthorizedAccessException
                    or Newtonsoft.Json.JsonException)
        {
            throw GcsErrors.NoCredentials(e);
        }
    }

    private static Uri Root(string endpoint)
    {
        var text = endpoint.Contains("://", StringComparison.Ordinal) ? endpoint : "http://" + endpoint;
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? new Uri(uri.AbsoluteUri.TrimEnd('/') + "/")
            : throw PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"STORAGE_EMULATOR_HOST is '{endpoint}', which is not a host or an http address.");
    }

    private sealed class ClientFactory(ObjectStoreOptions options, Uri? endpoint, TimeProvider time) : HttpClientFactory
    {
        protected override HttpMessageHandler CreateHandler(CreateHttpClientArgs args)
        {
            var handler = new TimeLimitHandler(ObjectHttp.CreateHandler("gcs"), options.Limits, time);
            return endpoint is null or { AbsolutePath: "/" } ? handler : new UploadPathHandler(endpoint, handler);
        }
    }

    /// <summary>Adds the endpoint's path to uploads, which Google's library sends to the root of the host.</summary>
    private sealed class UploadPathHandler(Uri endpoint, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath.StartsWith("/upload/", StringComparison.Ordinal))
                request.RequestUri = new Uri(endpoint, request.RequestUri.PathAndQuery.TrimStart('/'));
            return base.SendAsync(request, cancellationToken);
        }
    }
}
