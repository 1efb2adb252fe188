using System.Net.Http.Headers;
using Azure;
using Azure.Core;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Sas;
using Microsoft.Extensions.Logging;
using Pipeline.Http;
using Pipeline.Http.Limits;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Stores.Azure;

/// <summary>
/// Blobs of the configured account, <c>azblob://container/name</c>. The scheme omits the host, so a blob has the same
/// address in every cloud and in Azurite. The SDK signs, writes and lists. A plain HTTP client reads the blobs, as for
/// S3 and GCS.
/// </summary>
internal sealed class AzureBlobStore : IObjectStore, IDisposable
{
    // Bearer tokens need version 2017-11-09. Later versions do not change reads.
    private const string ServiceVersion = "2023-11-03";

    private static readonly TimeSpan AddressLifetime = TimeSpan.FromMinutes(15);
    private static readonly TokenRequestContext Scope = new(["https://storage.azure.com/.default"]);

    private readonly AzureAccount _account;
    private readonly AzureAccess _access;
    private readonly TimeProvider _time;
    private readonly ServerClock _clock;
    private readonly HttpClient _http;
    private readonly RetryingHttp _requests;
    private readonly ResumableReads _reads;

    public AzureBlobStore(AzureAccount account, TimeProvider time, ILogger<AzureBlobStore> logger)
    {
        (_account, _access, _time, _clock) = (
            account, account.Access("Storage Blob Data Contributor"), time, new(time));
        _http = new HttpClient(ObjectHttp.CreateHandler("azure")) { Timeout = Timeout.InfiniteTimeSpan };
        _requests = new RetryingHttp(_http, account.Options.Policy, time, logger);
        _reads = new ResumableReads(account.Options, time);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Schemes { get; } = ["azblob"];

    /// <inheritdoc/>
    public async Task<ObjectRead?> OpenAsync(ObjectUri uri, CancellationToken cancellationToken)
    {
        var first = await GetAsync(uri, 0, etag: null, cancellationToken);
        return _reads.Open(uri.ToString(), first, response => new(
            response.Headers.ETag?.Tag.Trim('"'), response.Content.Headers.ContentLength,
            ContentCheck.ForBlob(response),
            response.Headers.ETag is not { } etag ? null : (offset, token) => GetAsync(uri, offset, etag, token)));
    }

    /// <inheritdoc/>
    public async Task WriteAsync(ObjectUri uri, Stream content, CancellationToken cancellationToken)
    {
        try
        {
            await ObjectHttp.SendRepeatableAsync(
                content,
                repeatable => BlobUpload.WriteAsync(
                    Container(uri), uri.Key, repeatable, "application/octet-stream", cancellationToken),
                cancellationToken);
        }
        catch (RequestFailedException e) when (AzureErrors.IsMissingResource(e))
        {
            throw MissingContainer(uri, e);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectUri prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var blobs = Container(prefix)
            .ReadAsync(
                c => c.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix.Key, cancellationToken),
                cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (await NextAsync())
            yield return new(prefix with { Key = blobs.Current.Name }, blobs.Current.Properties.ContentLength ?? 0);

        async Task<bool> NextAsync()
        {
            try
            {
                return await blobs.MoveNextAsync();
            }
            catch (RequestFailedException e) when (AzureErrors.IsMissingResource(e))
            {
                throw MissingContainer(prefix, e);
            }
        }
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(ObjectUri uri, CancellationToken cancellationToken)
    {
        try
        {
            await Container(uri).RunAsync(
                c => c.GetBlobClient(uri.Key).DeleteIfExistsAsync(cancellationToken: cancellationToken),
                cancellationToken);
        }
        catch (RequestFailedException e) when (AzureErrors.IsMissingResource(e))
        {
            throw MissingContainer(uri, e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>
    /// Returns the response to a GET: 200, 206, 412 or 416, or 404 if the blob is missing. Throws for any other status.
    /// </summary>
    private async Task<HttpResponseMessage> GetAsync(
        ObjectUri uri, long offset, EntityTagHeaderValue? etag, CancellationToken cancellationToken)
    {
        var what = What(uri);
        try
        {
            return await _requests.SendAsync(
                what,
                token => CreateRequestAsync(uri, offset, etag, token),
                cancellationToken,
                (response, _) => JudgeAsync(uri, response));
        }
        catch (Exception e) when (AzureErrors.Translate(e, what, _access, cancellationToken) is { } translated)
        {
            throw Blame(uri, translated);
        }
    }

    private Task JudgeAsync(ObjectUri uri, HttpResponseMessage response)
    {
        var code = response.Headers.TryGetValues("x-ms-error-code", out var codes) ? codes.FirstOrDefault() : null;
        var error = new AzureError(
            (int)response.StatusCode, code, response.Headers.Date, RetryAfter.Read(response, _time.GetUtcNow()));
        if (error.Status is 412 or 416 || (error.Status == 404 && code != "ContainerNotFound"))
            return Task.CompletedTask;
        if (error.Status == 404)
            throw MissingContainer(uri, inner: null);
        // Signatures are valid for 15 minutes. If this machine's clock is further off, they look expired.
        if (code == "AuthenticationFailed" && _clock.Correct(response))
            throw PipelineException.Transient(
                FailureReasons.Unavailable,
                $"{What(uri)} rejected this machine's time. The next attempt uses the service's time.");
        throw AzureErrors.ForStatus(error, What(uri), _access, inner: null) ?? PipelineException.Permanent(
            FailureReasons.AccessDenied, $"{What(uri)} answered {error.Status} {code}. Check the state of the blob.");
    }

    /// <summary>
    /// Creates a GET that is authorized by a signature in its address (account key) or by a bearer token.
    /// </summary>
    internal async ValueTask<HttpRequestMessage> CreateRequestAsync(
        ObjectUri uri, long offset, EntityTagHeaderValue? etag, CancellationToken cancellationToken)
    {
        var blob = _account.Blobs.GetBlobContainerClient(uri.Bucket).GetBlobClient(uri.Key);
        var address = blob.CanGenerateSasUri
            ? blob.GenerateSasUri(BlobSasPermissions.Read, _clock.Now + AddressLifetime)
            : blob.Uri;
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.TryAddWithoutValidation("x-ms-version", ServiceVersion);
        if (_account.Credential is { } credential)
            request.Headers.Authorization = new(
                "Bearer", (await credential.GetTokenAsync(Scope, cancellationToken)).Token);
        if (etag is not null)
        {
            request.Headers.Range = new(offset, null);
            request.Headers.TryAddWithoutValidation("If-Match", etag.ToString());
        }
        return request;
    }

    /// <summary>
    /// Creates only the pipeline's own containers when they are missing. Any other missing container is a wrong
    /// address.
    /// </summary>
    private AzureResource<BlobContainerClient> Container(ObjectUri uri) => IsOwn(uri)
        ? _account.Container(uri.Bucket)
        : new(
            _account.Blobs.GetBlobContainerClient(uri.Bucket), What(uri), _access, _ => Task.CompletedTask,
            isOwn: false);

    private static bool IsOwn(ObjectUri uri) =>
        uri.Bucket is AzureNames.ListsContainer or AzureNames.SchedulesContainer or AzureNames.RecordsContainer
            or AzureNames.FailuresContainer;

    private static PipelineException Blame(ObjectUri uri, PipelineException error) =>
        IsOwn(uri) ? AzureErrors.OfOwnStore(error) : error;

    private static string What(ObjectUri uri) => $"Azure Storage ({uri})";

    private static PipelineException MissingContainer(ObjectUri uri, Exception? inner) => PipelineException.Permanent(
        FailureReasons.AccessDenied,
        $"The container '{uri.Bucket}' of {uri} does not exist. Create it, or correct the address.", inner);
}
