using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Google.Apis.Http;

namespace Pipeline.Tests.Emulator;

/// <summary>The GCS API of the buckets, tested with Google's own HTTP client.</summary>
public sealed class BucketGcsTests : IAsyncLifetime
{
    private static readonly byte[] Digits = "123456789"u8.ToArray();

    private BucketHost _host = null!;
    private ConfigurableHttpClient _http = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await BucketHost.StartAsync();
        _http = new HttpClientFactory().CreateHttpClient(new() { GZipEnabled = false });
        _http.BaseAddress = new Uri(_host.Url, "gcs/");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task AMediaUploadHasHashesAndAGeneration()
    {
        var item = await UploadAsync("a/ü?#%/x.json", Digits, "application/json");
        Assert.Equal("4waSgw==", item.GetProperty("crc32c").GetString());
        Assert.Equal("JfnnlDI7RTiF9RgfG2JNCw==", item.GetProperty("md5Hash").GetString());

        using var got = await _http.GetAsync(Media("a/ü?#%/x.json"), Ct);
        Assert.Equal(Digits, await got.Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal("crc32c=4waSgw==,md5=JfnnlDI7RTiF9RgfG2JNCw==", got.Headers.GetValues("x-goog-hash").Single());
        Assert.Equal(item.GetProperty("generation").GetString(), got.Headers.GetValues("x-goog-generation").Single());
        var metadata = await _http.GetFromJsonAsync<JsonElement>(Path("a/ü?#%/x.json"), Ct);
        Assert.Equal(
            ("9", "a/ü?#%/x.json", "application/json"),
            (metadata.GetProperty("size").GetString(), metadata.GetProperty("name").GetString(),
                metadata.GetProperty("contentType").GetString()));
        Assert.Equal(Digits, await _http.GetByteArrayAsync("download/" + Media("a/ü?#%/x.json"), Ct));
    }

    [Fact]
    public async Task AMultipartUploadIsParsedAndItsHashVerified()
    {
        using var good = await MultipartAsync(
            """{"name":"m","contentType":"text/plain","crc32c":"4waSgw==","metadata":{"task":"t"}}""");
        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        Assert.Equal(Digits, await _http.GetByteArrayAsync(Media("m"), Ct));
        Assert.Equal(
            "t",
            (await _http.GetFromJsonAsync<JsonElement>(Path("m"),
                    Ct)).GetProperty("metadata").GetProperty("task").GetString());
        using var bad = await MultipartAsync("""{"name":"n","crc32c":"AAAAAA=="}""");
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
        Assert.Null(_host.Store.Find("results", "n"));
    }

    [Fact]
    public async Task AResumableUploadContinuesAfterACut()
    {
        using var start = await _http.PostAsync(
            "upload/storage/v1/b/results/o?uploadType=resumable&name=r",
            new StringContent("""{"contentType":"text/plain"}"""), Ct);
        var session = start.Headers.Location!;
        using var first = await PutAsync(session, Digits[..4], "bytes 0-3/*");
        Assert.Equal(308, (int)first.StatusCode);
        Assert.Equal("bytes=0-3", first.Headers.GetValues("Range").Single());
        using var asked = await PutAsync(session, [], "bytes */*");
        Assert.Equal(("bytes=0-3", 308), (asked.Headers.GetValues("Range").Single(), (int)asked.StatusCode));
        using var wrong = await PutAsync(session, Digits[5..], "bytes 5-8/9");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Null(_host.Store.Find("results", "r"));
        using var last = await PutAsync(session, Digits[4..], "bytes 4-8/9");
        Assert.Equal(HttpStatusCode.OK, last.StatusCode);
        Assert.Equal(Digits, await _http.GetByteArrayAsync(Media("r"), Ct));
        Assert.Equal(
            "4waSgw==", (await _http.GetFromJsonAsync<JsonElement>(Path("r"), Ct)).GetProperty("crc32c").GetString());
    }

    [Fact]
    public async Task RangesAreAnsweredOrRefused()
    {
        await UploadAsync("r", Digits, "text/plain");
        using var part = await GetAsync("r", "bytes=2-4");
        Assert.Equal(
            (HttpStatusCode.PartialContent, "345", "bytes 2-4/9"),
            (part.StatusCode, await part.Content.ReadAsStringAsync(Ct), part.Content.Headers.ContentRange!.ToString()));
        using var beyond = await GetAsync("r", "bytes=9-");
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
    }

    [Fact]
    public async Task GenerationsGuardReadsAndWrites()
    {
        var first = (await UploadAsync("g", Digits, "text/plain")).GetProperty("generation").GetString();
        using var taken = await _http.PostAsync(
            "upload/storage/v1/b/results/o?uploadType=media&name=g&ifGenerationMatch=0", new ByteArrayContent([1]), Ct);
        Assert.Equal(HttpStatusCode.PreconditionFailed, taken.StatusCode);
        using var replaced = await _http.PostAsync(
            $"upload/storage/v1/b/results/o?uploadType=media&name=g&ifGenerationMatch={first}",
            new ByteArrayContent([1]), Ct);
        Assert.Equal(HttpStatusCode.OK, replaced.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync($"{Media("g")}&generation={first}"));
        Assert.Equal(HttpStatusCode.PreconditionFailed, await StatusAsync($"{Media("g")}&ifGenerationMatch={first}"));
        Assert.Equal([1], await _http.GetByteArrayAsync(Media("g"), Ct));
        using var gone = await _http.DeleteAsync(Path("g"), Ct);
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(Media("g")));
    }

    [Fact]
    public async Task AGzipObjectIsDecompressedForClientsThatDoNotAcceptGzip()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
            gzip.Write(Digits);
        await UploadAsync("z", packed.ToArray(), "text/plain", "&contentEncoding=gzip");

        using var plain = await GetAsync("z", "bytes=2-4");
        Assert.Equal(Digits, await plain.Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal(
            (HttpStatusCode.OK, "gzip"),
            (plain.StatusCode, plain.Headers.GetValues("x-goog-stored-content-encoding").Single()));
        Assert.Empty(plain.Content.Headers.ContentEncoding);

        using var stored = await GetAsync("z", null, "gzip");
        Assert.Equal(packed.ToArray(), await stored.Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal(["gzip"], stored.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task AListingHasAllPages()
    {
        foreach (var name in (string[])["a/1", "a/2", "b/1", "c", "é"])
            await UploadAsync(name, Digits, "text/plain");
        var names = new List<string>();
        var prefixes = new List<string>();
        string? token = null;
        do
        {
            var page = await _http.GetFromJsonAsync<JsonElement>(
                $"storage/v1/b/results/o?delimiter=/&maxResults=2&pageToken={Uri.EscapeDataString(token ?? "")}", Ct);
            names.AddRange(
                page.TryGetProperty("items", out var items)
                    ? items.EnumerateArray().Select(i => i.GetProperty("name").GetString()!)
                    : []);
            prefixes.AddRange(
                page.TryGetProperty("prefixes", out var found)
                    ? found.EnumerateArray().Select(p => p.GetString()!)
                    : []);
            token = page.TryGetProperty("nextPageToken", out var next) ? next.GetString() : null;
        }
        while (token is not null);
        Assert.Equal(["c", "é"], names);
        Assert.Equal(["a/", "b/"], prefixes);
    }

    [Fact]
    public async Task BucketsAreInsertedOnceAndErrorsAreJson()
    {
        using var made = await _http.PostAsync("storage/v1/b?project=p", new StringContent("""{"name":"fresh"}"""), Ct);
        using var again = await _http.PostAsync(
            "storage/v1/b?project=p", new StringContent("""{"name":"fresh"}"""), Ct);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Conflict), (made.StatusCode, again.StatusCode));
        Assert.Equal(
            "fresh",
            (await _http.GetFromJsonAsync<JsonElement>("storage/v1/b/fresh", Ct)).GetProperty("name").GetString());
        using var missing = await _http.GetAsync("storage/v1/b/none/o", Ct);
        var error = (await missing.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("error");
        Assert.Equal(
            (404, "notFound"),
            (error.GetProperty("code").GetInt32(), error.GetProperty("errors")[0].GetProperty("reason").GetString()));
        _http.DefaultRequestHeaders.Authorization = new("Bearer", "denied");
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync("storage/v1/b/fresh/o"));
    }

    private static string Path(string name) => $"storage/v1/b/results/o/{Uri.EscapeDataString(name)}";

    private static string Media(string name) => Path(name) + "?alt=media";

    private async Task<JsonElement> UploadAsync(string name, byte[] content, string type, string more = "")
    {
        using var body = new ByteArrayContent(content) { Headers = { ContentType = new(type) } };
        using var answer = await _http.PostAsync(
            $"upload/storage/v1/b/results/o?uploadType=media&name={Uri.EscapeDataString(name)}{more}", body, Ct);
        return await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(Ct);
    }

    private async Task<HttpResponseMessage> MultipartAsync(string resource)
    {
        using var body = new MultipartContent("related");
        body.Add(new StringContent(resource, Encoding.UTF8, "application/json"));
        body.Add(new ByteArrayContent(Digits));
        return await _http.PostAsync("upload/storage/v1/b/results/o?uploadType=multipart", body, Ct);
    }

    private async Task<HttpResponseMessage> PutAsync(Uri session, byte[] content, string range)
    {
        using var body = new ByteArrayContent(content);
        body.Headers.TryAddWithoutValidation("Content-Range", range);
        return await _http.PutAsync(session, body, Ct);
    }

    private async Task<HttpResponseMessage> GetAsync(string name, string? range, string? acceptEncoding = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Media(name));
        request.Headers.Range = range is null ? null : RangeHeaderValue.Parse(range);
        if (acceptEncoding is not null)
            request.Headers.AcceptEncoding.ParseAdd(acceptEncoding);
        return await _http.SendAsync(request, Ct);
    }

    private async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var answer = await _http.GetAsync(path, Ct);
        return answer.StatusCode;
    }
}
