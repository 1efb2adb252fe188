using System.Net.Http.Headers;
using Google.Apis.Auth.OAuth2;
using Google.Apis.Http;

namespace Pipeline.Emulator.Work.Delivery;

/// <summary>Writes objects through the JSON API of GCS, with Google's own HTTP client.</summary>
internal sealed class GcsWriter(StorageSettings settings) : IDisposable
{
    private readonly Lazy<Task<HttpClient>> _client = new(() => CreateClientAsync(settings));

    /// <summary>The address of GCS, without a slash at the end.</summary>
    public string Endpoint
    {
        get
        {
            var endpoint = settings.GcsEndpoint ?? "https://storage.googleapis.com";
            return (endpoint.Contains("://", StringComparison.Ordinal) ? endpoint : "http://" + endpoint).TrimEnd('/');
        }
    }

    /// <summary>The client, with Google's credentials unless the address is not Google's.</summary>
    public Task<HttpClient> ClientAsync() => _client.Value;

    public async Task WriteAsync(
        DeliveryAddress address, Stream content, string contentType, CancellationToken cancellationToken)
    {
        var url =
            $"{Endpoint}/upload/storage/v1/b/{Uri.EscapeDataString(address.Bucket)}/o?uploadType=media&name="
                + $"{Uri.EscapeDataString(address.Key)}";
        try
        {
            var client = await ClientAsync();
            using var body = new StreamContent(content);
            body.Headers.ContentType = new MediaTypeHeaderValue(contentType);
            using var response = await client.PostAsync(url, body, cancellationToken);
            response.EnsureSuccessStatusCode();
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DeliveryException($"Could not write {address}: {error.Message}", error);
        }
    }

    public void Dispose()
    {
        if (_client.IsValueCreated && _client.Value.IsCompletedSuccessfully)
            _client.Value.Result.Dispose();
    }

    private static async Task<HttpClient> CreateClientAsync(StorageSettings settings)
    {
        var arguments = new CreateHttpClientArgs { ApplicationName = "Pipeline.Emulator" };
        if (settings.GcsEndpoint is null)
        {
            var credential = await GoogleCredential.GetApplicationDefaultAsync();
            arguments.Initializers.Add(
                credential.CreateScoped("https://www.googleapis.com/auth/devstorage.read_write"));
        }
        return new HttpClientFactory().CreateHttpClient(arguments);
    }
}
