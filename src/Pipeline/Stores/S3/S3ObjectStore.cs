using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Credentials;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;
using Pipeline.Http;
using Pipeline.Http.Limits;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Stores.S3;

/// <summary>
/// Amazon S3 and compatible stores. The SDK finds credentials and addresses, writes and lists. A plain HTTP client
/// reads objects, because the SDK neither resumes a body nor times it out, and verifies only what it reads in one
/// piece.
/// </summary>
internal sealed class S3ObjectStore : IObjectStore, IDisposable
{
    private static readonly UriCreationOptions AsWritten = new()
    {
        DangerousDisablePathAndQueryCanonicalization = true,
    };

    private readonly ObjectStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ServerClock _clock;
    private readonly AmazonS3Client _s3;
    private readonly S3Signer _signer;
    private readonly ConcurrentDictionary<string, string> _addresses = new();
    private readonly HttpClient _http;
    private readonly RetryingHttp _requests;
    private readonly ResumableReads _reads;
    private readonly WebIdentityCredentials? _role;

    public S3ObjectStore(ObjectStoreOptions options, TimeProvider time, ILogger<S3ObjectStore> logger)
    {
        _options = options;
        _time = time;
        _clock = new ServerClock(time);
        var config = new AmazonS3Config
        {
            AuthenticationRegion = options.S3Region,
            MaxErrorRetry = options.MaxTries - 1,
            RetryMode = RequestRetryMode.Standard,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            HttpClientFactory = new AwsClientFactory(options.Limits, time),
        };
        if (options.S3Endpoint is { } endpoint)
            (config.ServiceURL, config.ForcePathStyle) = (endpoint.AbsoluteUri, true);
        else
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.S3Region);
        if (options.S3RoleArn is not null)
            config.DefaultAWSCredentials = _role = new WebIdentityCredentials(options, time);
        else if (options is { S3AccessKey: { } key, S3SecretKey: { } secret })
            config.DefaultAWSCredentials = options.S3SessionToken is { } token
                ? new SessionAWSCredentials(key, secret, token)
                : new BasicAWSCredentials(key, secret);
        _s3 = new AmazonS3Client(config);
        _signer = new S3Signer(options.S3Region);
        _http = new HttpClient(ObjectHttp.CreateHandler("s3")) { Timeout = Timeout.InfiniteTimeSpan };
        _requests = new RetryingHttp(_http, options.Policy, time, logger);
        _reads = new ResumableReads(options, time);
    }

    public IReadOnlyList<string> Schemes { get; } = ["s3"];

    /// <summary>The payer that every request names; null if the bucket's owner pays.</summary>
    private RequestPayer? Payer => _options.S3RequesterPays ? RequestPayer.Requester : null;

    public async Task<ObjectRead?> OpenAsync(ObjectUri uri, CancellationToken cancellationToken)
    {
        var first = await GetAsync(uri, 0, etag: null, cancellationToken);
        return _reads.Open(uri.ToString(), first, response => new(
            response.Headers.ETag?.Tag.Trim('"'), response.Content.Headers.ContentLength, ContentCheck.ForS3(response),
            response.Headers.ETag is not { } etag
                ? null
                : (offset, token) => GetAsync(uri, offset, etag.ToString(), token)));
    }

    public Task WriteAsync(ObjectUri uri, Stream content, CancellationToken cancellationToken) =>
        ObjectHttp.SendRepeatableAsync(content, repeatable =>
        {
            var request = new PutObjectRequest
            {
                BucketName = uri.Bucket,
                Key = uri.Key,
                InputStream = repeatable,
                AutoCloseStream = false,
                AutoResetStreamPosition = false,
                // Some compatible stores do not support the SDK's chunked signing. All support one signature for the
                // whole.
                UseChunkEncoding = false,
                RequestPayer = Payer,
            };
            return S3Errors.TranslateAsync(
                uri, _options, () => _s3.PutObjectAsync(request, cancellationToken), cancellationToken);
        }, cancellationToken);

    public Task DeleteAsync(ObjectUri uri, CancellationToken cancellationToken)
    {
        var request = new DeleteObjectRequest { BucketName = uri.Bucket, Key = uri.Key, RequestPayer = Payer };
        return S3Errors.TranslateAsync(
            uri, _options, () => _s3.DeleteObjectAsync(request, cancellationToken), cancellationToken);
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectUri prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var guard = new PageGuard(prefix.ToString(), _time);
        string? token = null;
        do
        {
            var request = new ListObjectsV2Request
            {
                BucketName = prefix.Bucket,
                Prefix = prefix.Key,
                ContinuationToken = token,
                RequestPayer = Payer,
            };
            var page = await guard.FetchAsync(() => S3Errors.TranslateAsync(
                prefix, _options, () => _s3.ListObjectsV2Async(request, cancellationToken), cancellationToken));
            foreach (var item in page.S3Objects ?? [])
                yield return new ObjectInfo(prefix with { Key = item.Key }, item.Size ?? 0);
            token = page.NextContinuationToken;
            if (page.IsTruncated != true)
                yield break;
            guard.Next(token ?? throw S3Errors.NoToken(prefix));
        }
        while (true);
    }

    public void Dispose()
    {
        _s3.Dispose();
        _role?.Dispose();
        _http.Dispose();
    }

    /// <summary>
    /// Returns the response to a GET: 200, 206, 412, 416, or 404 if the object is missing. Throws for any other status.
    /// </summary>
    private Task<HttpResponseMessage> GetAsync(
        ObjectUri uri, long offset, string? etag, CancellationToken cancellationToken) =>
        _requests.SendAsync(
            $"S3 ({uri})",
            async _ =>
            {
                var request = new HttpRequestMessage(HttpMethod.Get, Address(uri));
                request.Headers.TryAddWithoutValidation("x-amz-checksum-mode", "ENABLED");
                if (Payer is { } payer)
                    request.Headers.TryAddWithoutValidation("x-amz-request-payer", payer.Value);
                if (etag is not null)
                {
                    request.Headers.Range = new(offset, null);
                    request.Headers.TryAddWithoutValidation("If-Match", etag);
                }

                _signer.Sign(request, await FindCredentialsAsync(uri), _clock.Now);
                return request;
            },
            cancellationToken,
            (response, token) => JudgeAsync(uri, response, token));

    private async Task JudgeAsync(ObjectUri uri, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if ((int)response.StatusCode is 412 or 416)
            return;
        var error = await S3Errors.ReadAsync(response, _options.Limits, _time, cancellationToken);
        if (error.Status == 404 && error.Code != "NoSuchBucket")
            return;
        if (error.Code == S3Errors.Skewed && _clock.Correct(response))
            throw PipelineException.Transient(
                FailureReasons.Unavailable,
                $"S3 ({uri}) rejected this machine's time. The next attempt uses the service's time.");
        throw S3Errors.ToException(uri, _options, error, RetryAfter.Read(response, _time.GetUtcNow()));
    }

    /// <summary>
    /// Returns the SDK's address of the object. The SDK knows the partitions, and which buckets have their own hosts.
    /// </summary>
    internal Uri Address(ObjectUri uri)
    {
        var bucket = _addresses.GetOrAdd(
            uri.Bucket,
            name =>
                _s3.DetermineServiceOperationEndpoint(
                    new GetObjectRequest { BucketName = name, Key = "key" }).URL.TrimEnd('/'));
        return new Uri(
            $"{bucket}/{Uri.EscapeDataString(uri.Key).Replace("%2F", "/", StringComparison.Ordinal)}", AsWritten);
    }

    private async ValueTask<ImmutableCredentials> FindCredentialsAsync(ObjectUri uri)
    {
        try
        {
            var credentials = _s3.Config.DefaultAWSCredentials
                ?? await DefaultAWSCredentialsIdentityResolver.GetCredentialsAsync(_s3.Config);
            return await credentials.GetCredentialsAsync();
        }
        catch (AmazonClientException e)
        {
            throw S3Errors.NoCredentials(uri, e);
        }
    }
}
