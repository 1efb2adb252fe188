using System.Net;
using Google;
using System.Globalization;
using System.Runtime.CompilerServices;
using Google.Cloud.Storage.V1;
using Microsoft.Extensions.Logging;
using Pipeline.Http;
using Pipeline.Http.Retrying;
using Pipeline.Model;
using Pipeline.Ports;
using ApiObject = Google.Apis.Storage.v1.Data.Object;
using ApiObjects = Google.Apis.Storage.v1.Data.Objects;
using SdkRetries = Google.Cloud.Storage.V1.RetryOptions;

namespace Pipeline.Stores.Gcs;

/// <summary>
/// Google Cloud Storage. Google's client writes, lists and builds requests. Objects are read as a pull stream, because
/// the client's downloads push, buffer 10 MiB each and cannot be resumed.
/// </summary>
/// <remarks>
/// Reads send <c>Accept-Encoding: gzip</c>, so that GCS never decompresses compressed objects: only the stored bytes
/// match the checksum and can be resumed.
/// </remarks>
internal sealed class GcsObjectStore(ObjectStoreOptions options, TimeProvider time, ILogger<GcsObjectStore> logger)
    : IObjectStore,
IDisposable
{
    // The SDK does not retry because our own retries repeat whole calls.
    private static readonly SdkRetries Never = new(RetryTiming.Default, RetryPredicate.Never);

    private readonly Retries _retries = new(options.Policy, time, logger);
    private readonly GcsConnection _connection = new(options, time);
    private readonly GcsReadRequests _requests = new(options);
    private readonly ResumableReads _reads = new(options, time);

    public IReadOnlyList<string> Schemes { get; } = ["gs"];

    public async Task<ObjectRead?> OpenAsync(ObjectUri uri, CancellationToken cancellationToken)
    {
        var first = await GetAsync(uri, 0, generation: null, cancellationToken);
        return _reads.Open(uri.ToString(), first, response =>
        {
            var generation = Number(response, "x-goog-generation");
            return new(
                generation?.ToString(CultureInfo.InvariantCulture),
                response.Content.Headers.ContentLength ?? Number(response, "x-goog-stored-content-length"),
                ContentCheck.ForGcs(response),
                generation is null ? null : (offset, token) => GetAsync(uri, offset, generation, token));
        });
    }

    public Task WriteAsync(ObjectUri uri, Stream content, CancellationToken cancellationToken)
    {
        var upload = new UploadObjectOptions
        {
            UserProject = options.GcsUserProject,
            UploadValidationMode = UploadValidationMode.RejectAndThrow,
        };
        return ObjectHttp.SendRepeatableAsync(content, repeatable => CallAsync($"GCS ({uri})", uri, (client, token) =>
        {
            repeatable.Position = 0;
            var target = new ApiObject
            {
                Bucket = uri.Bucket,
                Name = uri.Key,
                ContentType = "application/octet-stream",
            };
            return client.UploadObjectAsync(target, repeatable, upload, token);
        }, cancellationToken), cancellationToken);
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectUri prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var guard = new PageGuard(prefix.ToString(), time);
        string? token = null;
        do
        {
            var from = token;
            var page = await guard.FetchAsync(() => ListPageAsync(prefix, from, cancellationToken));
            foreach (var item in page.Items ?? [])
                yield return new(prefix with { Key = item.Name }, checked((long)(item.Size ?? 0)));
            token = page.NextPageToken;
            if (!string.IsNullOrEmpty(token))
                guard.Next(token);
        }
        while (!string.IsNullOrEmpty(token));
    }

    public Task DeleteAsync(ObjectUri uri, CancellationToken cancellationToken) =>
        CallAsync($"GCS ({uri})", uri, async (client, token) =>
        {
            try
            {
                var delete = new DeleteObjectOptions { UserProject = options.GcsUserProject, RetryOptions = Never };
                await client.DeleteObjectAsync(uri.Bucket, uri.Key, delete, token);
            }
            catch (GoogleApiException missing) when (missing.HttpStatusCode == HttpStatusCode.NotFound)
            {
                // It is already deleted.
            }
            return true;
        }, cancellationToken);

    public void Dispose() => _connection.Dispose();

    private Task<ApiObjects> ListPageAsync(ObjectUri prefix, string? token, CancellationToken cancellationToken)
    {
        var list = new ListObjectsOptions
        {
            PageSize = 1000,
            PageToken = token,
            Fields = "items(name,size),nextPageToken",
            UserProject = options.GcsUserProject,
            RetryOptions = Never,
        };
        return CallAsync($"GCS ({prefix})", prefix, (client, ct) =>
            client.ListObjectsAsync(prefix.Bucket, prefix.Key, list).AsRawResponses().FirstAsync(ct).AsTask(),
            cancellationToken);
    }

    /// <summary>
    /// Returns the response to a read: 200, 206, 412, 416, or 404 if the object or that generation of it is missing.
    /// Throws for any other status.
    /// </summary>
    private Task<HttpResponseMessage> GetAsync(
        ObjectUri uri, long offset, long? generation, CancellationToken cancellationToken)
    {
        var what = $"GCS ({uri})";
        return CallAsync(what, uri, async (client, token) =>
        {
            using var request = _requests.Create(client.Service, uri, offset, generation);
            var response = await client.Service.HttpClient.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, token);
            if ((int)response.StatusCode is 200 or 206 or 412 or 416)
                return response;
            var text = await ObjectHttp.ReadErrorAsync(response, options.Limits, time, token);
            var error = GcsError.Read((int)response.StatusCode, text);
            if (error.Status == 404 && !error.IsMissingBucket)
                return response;
            response.Dispose();
            throw GcsErrors.ToException(error, what, uri, RetryAfter.Read(response, time.GetUtcNow()));
        }, cancellationToken);
    }

    private Task<T> CallAsync<T>(
        string what, ObjectUri uri, Func<StorageClient, CancellationToken, Task<T>> call,
        CancellationToken cancellationToken) => _retries.RunAsync(
            what,
            async token =>
            {
                try
                {
                    return await call(await _connection.GetClientAsync(token), token);
                }
                catch (Exception e) when (GcsErrors.Translate(e, what, uri, options, token) is { } translated)
                {
                    throw translated;
                }
            },
            cancellationToken);

    private static long? Number(HttpResponseMessage response, string header) =>
        response.Headers.NonValidated.TryGetValues(header, out var values)
            && long.TryParse(values.FirstOrDefault(), out var number) ? number : null;
}
