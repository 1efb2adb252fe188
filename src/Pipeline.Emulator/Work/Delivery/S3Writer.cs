using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Pipeline.Emulator.Work.Delivery;

/// <summary>Writes objects with the AWS SDK, using the given credentials or those that the SDK finds.</summary>
internal sealed class S3Writer(StorageSettings settings, AWSCredentials? credentials = null) : IDisposable
{
    private readonly Lazy<AmazonS3Client> _client = new(() => Create(settings.S3Endpoint, credentials));

    /// <summary>The client.</summary>
    public AmazonS3Client Client => _client.Value;

    public async Task WriteAsync(
        DeliveryAddress address, Stream content, string contentType, CancellationToken cancellationToken)
    {
        try
        {
            await Client.PutObjectAsync(new()
            {
                BucketName = address.Bucket,
                Key = address.Key,
                InputStream = content,
                AutoCloseStream = false,
                ContentType = contentType,
                // OpenStack Swift and other S3 servers do not accept chunked signatures.
                UseChunkEncoding = false,
            }, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DeliveryException($"Could not write {address}: {error.Message}", error);
        }
    }

    public void Dispose()
    {
        if (_client.IsValueCreated)
            _client.Value.Dispose();
    }

    private static AmazonS3Client Create(string? endpoint, AWSCredentials? credentials) =>
        credentials is null ? new(Configure(endpoint)) : new(credentials, Configure(endpoint));

    private static AmazonS3Config Configure(string? endpoint)
    {
        var config = new AmazonS3Config { RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED };
        var region = Environment.GetEnvironmentVariable("AWS_REGION") ?? "us-east-1";
        if (endpoint is null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
            return config;
        }
        config.ServiceURL = endpoint;
        config.ForcePathStyle = true;
        config.AuthenticationRegion = region;
        return config;
    }
}
