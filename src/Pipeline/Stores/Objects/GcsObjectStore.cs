using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Google.Apis.Auth.OAuth2.Responses;
using Microsoft.Extensions.Logging;
using Pipeline.Http;
using Pipeline.Ports;

namespace Pipeline.Stores.Objects;

/// <summary>
/// Google Cloud Storage over its JSON API. https://cloud.google.com/storage/docs/json_api/v1/objects
/// Objects are asked for with <c>Accept-Encoding: gzip</c> so that GCS never decompresses what is stored compressed: only the stored bytes
/// have the promised checksum and can be resumed.
/// </summary>
internal sealed class GcsObjectStore : IObjectStore, IDisposable
{
    private readonly ObjectStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<GcsObjectStore> _logger;
    private readonly GcsConnection _connection;

    public GcsObjectStore(ObjectStoreOptions options, TimeProvider time, ILogger<GcsObjectStore> logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _connection = new GcsConnection(options);
    }

    public IReadOnlyList<string> Schemes { get; } = ["gs"];

    /// <summary>What every request says of who pays.</summary>
    private string Payer => _options.GcsUserProject is { } project ? $"&userProject={Escape(project)}" : "";

    public async Task<ObjectRead?> OpenAsync(ObjectUri uri, CancellationToken cancellationToken)
    {
        var response = await GetAsync(uri, 0, generation: null, cancellationToken);
        if ((int)response.StatusCode == 404)
        {
            response.Dispose();
            return null;
        }

        var generation = Header(response, "x-goog-generation");
        var length = response.Content.Headers.ContentLength
            ?? (long.TryParse(Header(response, "x-goog-stored-content-length"), out var stored) ? stored : null);
        var download = new Download(
            uri.ToString(),
            length,
            ContentCheck.ForGcs(response),
            generation is null ? null : (offset, ct) => GetAsync(uri, offset, generation, ct));
        var body = new ResumingStream(response, download, _options.StallTimeout, _options.MaxResumes, _options.Policy, _time);
        return new HttpObjectRead(body, length, generation);
    }

    public async Task WriteAsync(ObjectUri uri, Stream content, CancellationToken cancellationToken)
    {
        var repeatable = await ObjectHttp.MakeRepeatableAsync(content, cancellationToken);
        try
        {
            var start = repeatable.Position;
            var sent = await GcsUpload.ChecksumAsync(repeatable, cancellationToken);
            using var response = await SendAsync(
                $"GCS, sent {uri},",
                _ =>
                {
                    repeatable.Position = start;
                    var path = $"upload/storage/v1/b/{Escape(uri.Bucket)}/o?uploadType=media&name={Escape(uri.Key)}{Payer}";
                    return ValueTask.FromResult(new HttpRequestMessage(HttpMethod.Post, _connection.Address(path)) { Content = GcsUpload.Create(repeatable) });
                },
                cancellationToken);
            await EnsureSuccessAsync(response, uri, cancellationToken);
            using var stored = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), default, cancellationToken);
            if (stored.RootElement.TryGetProperty("crc32c", out var crc) && crc.GetString() != sent)
                throw PipelineException.Transient(FailureReasons.ObjectDamaged, $"{uri} was stored with CRC-32C {crc}, but {sent} was sent. Write it again.");
        }
        finally
        {
            if (repeatable != content)
                await repeatable.DisposeAsync();
        }
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(ObjectUri prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? token = null;
        do
        {
            var path = $"storage/v1/b/{Escape(prefix.Bucket)}/o?prefix={Escape(prefix.Key)}&maxResults=1000&fields=items(name,size),nextPageToken"
                + (token is null ? "" : $"&pageToken={Escape(token)}") + Payer;
            using var response = await SendAsync(
                $"GCS, asked to list {prefix},", _ => ValueTask.FromResult(new HttpRequestMessage(HttpMethod.Get, _connection.Address(path))), cancellationToken);
            await EnsureSuccessAsync(response, prefix, cancellationToken);
            using var page = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), default, cancellationToken);
            if (page.RootElement.TryGetProperty("items", out var items))
            {
                foreach (var item in items.EnumerateArray())
                    yield return new ObjectInfo(prefix with { Key = item.GetProperty("name").GetString()! }, long.Parse(item.GetProperty("size").ToString()));
            }

            var next = page.RootElement.TryGetProperty("nextPageToken", out var more) ? more.GetString() : null;
            if (next is not null && next == token)
                throw PipelineException.Transient(FailureReasons.Unavailable, $"The listing of {prefix} does not advance: GCS repeats its page token.");
            token = next;
        }
        while (!string.IsNullOrEmpty(token));
    }

    public void Dispose() => _connection.Dispose();

    /// <summary>The response of a read: 200, 206, 412 or 416, or 404 where the object (or that generation of it) is missing. Everything else is an error.</summary>
    private async Task<HttpResponseMessage> GetAsync(ObjectUri uri, long offset, string? generation, CancellationToken cancellationToken)
    {
        var path = $"storage/v1/b/{Escape(uri.Bucket)}/o/{Escape(uri.Key)}?alt=media" + (generation is null ? "" : $"&generation={Escape(generation)}") + Payer;
        var response = await SendAsync(
            $"GCS, asked for {uri},",
            _ =>
            {
                var request = new HttpRequestMessage(HttpMethod.Get, _connection.Address(path));
                request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
                if (generation is not null)
                    request.Headers.Range = new RangeHeaderValue(offset, null);
                return ValueTask.FromResult(request);
            },
            cancellationToken);
        if ((int)response.StatusCode is 200 or 206 or 412 or 416)
            return response;
        var text = await ObjectHttp.ReadErrorAsync(response, cancellationToken);
        if ((int)response.StatusCode == 404 && !GcsErrors.IsMissingBucket(text))
            return response;
        response.Dispose();
        throw GcsErrors.Refused(uri, (int)response.StatusCode, text);
    }

    private async Task<HttpResponseMessage> SendAsync(
        string what, Func<CancellationToken, ValueTask<HttpRequestMessage>> create, CancellationToken cancellationToken)
    {
        var http = await _connection.GetClientAsync(cancellationToken);
        var requests = new RetryingHttp(http, _options.Policy, _time, _logger);
        try
        {
            return await requests.SendAsync(what, create, cancellationToken);
        }
        catch (TokenResponseException e) when (e.StatusCode is null or >= System.Net.HttpStatusCode.InternalServerError)
        {
            throw PipelineException.Transient(FailureReasons.Unavailable, $"{what} failed: Google gives no access token at the moment.", inner: e);
        }
        catch (TokenResponseException e)
        {
            throw _options.GcsProvider is null ? GcsErrors.NoCredentials(e) : GcsErrors.NotTrusted(_options, e);
        }
    }

    private static async Task EnsureSuccessAsync(HttpResponseMessage response, ObjectUri uri, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
            throw GcsErrors.Refused(uri, (int)response.StatusCode, await ObjectHttp.ReadErrorAsync(response, cancellationToken));
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static string Escape(string text) => Uri.EscapeDataString(text);
}
