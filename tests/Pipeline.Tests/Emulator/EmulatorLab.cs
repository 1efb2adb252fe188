using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Emulator;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

/// <summary>The answer to an HTTP request.</summary>
internal sealed record Answer(int Status, HttpResponseHeaders Headers, JsonNode? Body)
{
    public JsonNode this[string name] => Body![name]!;
}

/// <summary>An emulator, a site for it to fetch and a client to talk to it.</summary>
internal sealed class EmulatorLab : IAsyncDisposable
{
    private readonly TempFolder _folder;
    private readonly HttpClient _http = new();
    private EmulatorOptions _options;

    private EmulatorLab(TempFolder folder, EmulatorOptions options, TestSite site) =>
        (_folder, _options, Site) = (folder, options, site);

    public TestSite Site { get; }

    public RunningEmulator Emulator { get; private set; } = null!;

    public static async Task<EmulatorLab> StartAsync(
        string faults = "", string? apiKey = null, TimeSpan? backoff = null, int? cannedBytes = null,
        TimeProvider? time = null)
    {
        var folder = new TempFolder();
        var options = new EmulatorOptions
        {
            DataFolder = folder["data"],
            Faults = faults,
            ApiKey = apiKey,
            Storage = StorageMode.Own,
            AllowPrivate = true,
            CannedBytes = cannedBytes,
            CallbackBackoff = backoff ?? TimeSpan.FromMilliseconds(20),
            Time = time ?? TimeProvider.System,
        };
        var lab = new EmulatorLab(folder, options, await TestSite.StartAsync());
        await lab.StartEmulatorAsync();
        lab._http.DefaultRequestHeaders.Authorization = new("Bearer", apiKey ?? "any");
        return lab;
    }

    public string DataFolder => _options.DataFolder;

    /// <summary>
    /// How long the emulator waits for a job that is due after this time, if that is less than a minute: a millisecond
    /// longer.
    /// </summary>
    public static TimeSpan WaitFor(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds + 1);

    /// <summary>Stops the emulator and starts it again on the same folder, with these faults.</summary>
    public async Task RestartAsync(string faults = "")
    {
        await Emulator.DisposeAsync();
        _options = _options with { Faults = faults };
        await StartEmulatorAsync();
    }

    public async Task<Answer> SendAsync(
        HttpMethod method, string path, string? body = null, string? authorization = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Emulator.BaseAddress, path));
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new((int)response.StatusCode, response.Headers, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> PostAsync(string path, JsonNode body) => SendAsync(HttpMethod.Post, path, body.ToJsonString());

    /// <summary>Posts URLs as a batch; with a callback, its path is <c>/hook/x</c>.</summary>
    public Task<Answer> PostBatchAsync(
        IEnumerable<string> urls, string? storage = null, bool compress = false, bool callback = false)
    {
        var shared = new JsonObject();
        if (storage is not null)
        {
            shared["storage_type"] = storage[..2];
            shared["storage_url"] = storage;
            shared["storage_compress"] = compress;
        }
        if (callback)
            shared["callback_url"] = Site.Hook("x");
        var inputs = new JsonArray([.. urls.Select(u => new JsonObject { ["url"] = u })]);
        return PostAsync("v1/extract/batch", new JsonObject { ["inputs"] = inputs, ["shared_inputs"] = shared });
    }

    /// <summary>Posts pages 0 to n-1 as a batch, waits for its end and returns its details.</summary>
    public async Task<JsonNode> RunBatchAsync(
        int pages, string? storage = null, bool compress = false, bool callback = false)
    {
        var answer = await PostBatchAsync(
            Enumerable.Range(0, pages).Select(n => Site.Page(n)), storage, compress, callback);
        Assert.Equal(200, answer.Status);
        return await FinishAsync((string)answer["batch_id"]!);
    }

    /// <summary>Waits for the end of a batch and returns its details.</summary>
    public async Task<JsonNode> FinishAsync(string batchId)
    {
        await Patience.UntilAsync(async () => (bool)(await GetAsync($"v1/batches/{batchId}/progress"))["completed"]);
        return (await GetAsync($"v1/batches/{batchId}")).Body!;
    }

    /// <summary>Reads an object from the emulator's own buckets; null when it does not exist.</summary>
    public async Task<byte[]?> ReadObjectAsync(string uri)
    {
        var (scheme, rest) = (uri[..2], uri[5..]);
        var (bucket, key) = (rest[..rest.IndexOf('/')], rest[(rest.IndexOf('/') + 1)..]);
        var path = scheme == "s3"
            ? $"s3/{bucket}/{key}"
            : $"gcs/storage/v1/b/{bucket}/o/{Uri.EscapeDataString(key)}?alt=media";
        using var response = await _http.GetAsync(new Uri(Emulator.BaseAddress, path));
        return response.IsSuccessStatusCode ? await response.Content.ReadAsByteArrayAsync() : null;
    }

    /// <summary>The undamaged object of a task.</summary>
    public async Task<byte[]> ReadGoodObjectAsync(string taskId, bool compressed)
    {
        var result = await _http.GetByteArrayAsync(new Uri(Emulator.BaseAddress, $"v1/tasks/{taskId}/results"));
        if (!compressed)
            return result;
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(result);
        return packed.ToArray();
    }

    public Task<Answer> StatsAsync() => GetAsync("_admin/stats");

    public async ValueTask DisposeAsync()
    {
        await Emulator.DisposeAsync();
        await Site.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    private async Task StartEmulatorAsync() =>
        Emulator = await Pipeline.Emulator.Emulator.StartAsync(_options, CancellationToken.None);
}
