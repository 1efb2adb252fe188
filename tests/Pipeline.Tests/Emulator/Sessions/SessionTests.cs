using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Emulator;
using Pipeline.Emulator.Sessions;
using Pipeline.Tests.EndToEnd;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator.Sessions;

/// <summary>A session is recorded against an emulator that plays the real API, and replayed.</summary>
public sealed class SessionTests : IDisposable
{
    private const string Key = "nimble-key-that-must-stay-secret";
    private const string Token = "0123456789abcdefghij0123456789abcdefghijABC";

    private readonly TempFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Recording => _folder["session.ndjson"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ARunOverARecordingGivesTheSameRecords()
    {
        await using var upstream = await StartAsync("upstream");
        await upstream.EnsureBucketAsync("my-bucket");
        await using (var recorder = await RecordAsync(upstream))
            await RunAsync("recorded", recorder.BaseAddress, upstream.S3Endpoint);
        await upstream.DisposeAsync();
        var text = await File.ReadAllTextAsync(Recording, Ct);
        Assert.DoesNotContain(Key, text);
        Assert.DoesNotContain("/callbacks/", text);
        Assert.DoesNotContain("s3://my-bucket/results/", text);

        await using var replay = await ReplayAsync();
        await replay.EnsureBucketAsync("my-bucket");
        await RunAsync("replayed", replay.BaseAddress, replay.S3Endpoint);

        var records = Records("recorded");
        Assert.Equal(5, records.Count);
        Assert.Equal(records, Records("replayed"));
    }

    [Fact]
    public async Task ObjectsAndWebhooksComeAgainAtTheAddressesOfTheReplay()
    {
        await using var site = await TestSite.StartAsync();
        await using var upstream = await StartAsync("upstream");
        string task;
        await using (var recorder = await RecordAsync(upstream))
        {
            var accepted = await PostAsync(recorder, "s3://recorded/a/", site.Hook($"first/{Token}"));
            task = (string)accepted["tasks"]![0]!["id"]!;
            await Patience.UntilAsync(() => !site.Webhooks.IsEmpty);
            var read = await SendAsync(recorder, HttpMethod.Get, $"v1/tasks/{task}");
            Assert.Equal($"s3://recorded/a/{task}.json.gz", (string)read.Body!["task"]!["output_url"]!);
            Assert.StartsWith(recorder.BaseAddress.AbsoluteUri, (string)read.Body["task"]!["download_url"]!);
            Assert.Contains(Token, (string)read.Body["task"]!["_query"]!["callback_url"]!);
        }
        Assert.DoesNotContain(Token, await File.ReadAllTextAsync(Recording, Ct));

        await using var replay = await ReplayAsync();
        var again = await PostAsync(replay, "s3://replayed/b/", site.Hook("second/x"));

        Assert.Equal(task, (string)again["tasks"]![0]!["id"]!);
        await Patience.UntilAsync(() => site.Webhooks.Count == 2);
        var webhook = site.Webhooks.Last();
        Assert.Equal("/hook/second/x", webhook.Path);
        Assert.Equal($"s3://replayed/b/{task}.json.gz", (string)webhook.Body["task"]!["output_url"]!);
        using var http = new HttpClient { BaseAddress = replay.BaseAddress };
        Assert.Equal([0x1F, 0x8B], (await http.GetByteArrayAsync($"s3/replayed/b/{task}.json.gz", Ct))[..2]);
    }

    [Fact]
    public async Task AnUnknownRequestIsNotFoundAndNamesTheNearestOne()
    {
        await using var upstream = await StartAsync("upstream");
        await using (var recorder = await RecordAsync(upstream))
        {
            await PostAsync(recorder, "s3://b/", null);
            await SendAsync(recorder, HttpMethod.Get, "v1/tasks?limit=1");
        }
        await using var replay = await ReplayAsync();

        var (status, body) = await SendAsync(replay, HttpMethod.Get, "v1/batches/unknown");
        Assert.Equal(404, status);
        Assert.Equal(
            "The recording has no GET /v1/batches/unknown. The nearest one is GET /v1/tasks?limit=1 in line 3.",
            (string)body!["msg"]!);
        (status, body) = await SendAsync(
            replay, HttpMethod.Post, "v1/extract/batch", """{"inputs":[{"url":"http://other.test/"}]}""");
        Assert.Equal(404, status);
        Assert.Equal(
            "The recording has no POST /v1/extract/batch with this body. The nearest one is in line 2; they differ in "
            + "inputs[0].url.",
            (string)body!["msg"]!);
        await PostAsync(replay, "s3://b/", null);
        (status, body) = await SendAsync(
            replay, HttpMethod.Post, "v1/extract/batch", Body("s3://b/", null).ToJsonString());
        Assert.Equal(404, status);
        Assert.EndsWith("with this body only 1 times.", (string)body!["msg"]!);
        for (var read = 0; read < 3; read++)
            Assert.Equal(200, (await SendAsync(replay, HttpMethod.Get, "v1/tasks?limit=1")).Status);
    }

    [Fact]
    public async Task NoSecretOfARequestIsKept()
    {
        await using var upstream = await StartAsync("upstream");
        var body = $$"""
            {"url":"http://sample.test/sample/?key={{Key}}","headers":{"Authorization":"Basic {{Token}}"},
            "cookies":"{{Token}}"}
            """;
        await using (var recorder = await RecordAsync(upstream))
            Assert.Equal(200, (await SendAsync(recorder, HttpMethod.Post, "v1/extract/async", body)).Status);
        var text = await File.ReadAllTextAsync(Recording, Ct);
        Assert.DoesNotContain(Key, text);
        Assert.DoesNotContain(Token, text);

        // The same request is recognized nevertheless.
        await using var replay = await ReplayAsync();
        Assert.Equal(200, (await SendAsync(replay, HttpMethod.Post, "v1/extract/async", body)).Status);
    }

    [Fact]
    public async Task AForgedWebhookIsNeitherKeptNorPassedOn()
    {
        await using var site = await TestSite.StartAsync();
        await using var upstream = await StartAsync("upstream", "webhook_lost");
        await using (var recorder = await RecordAsync(upstream))
        {
            await PostAsync(recorder, "s3://b/", site.Hook("x"));
            Assert.Equal(404, (await SendAsync(recorder, HttpMethod.Post, "_record/1/guessed", "{}")).Status);
        }
        Assert.Empty(site.Webhooks);
        Assert.DoesNotContain("\"webhook\"", await File.ReadAllTextAsync(Recording, Ct));
    }

    [Fact]
    public async Task AnUpstreamThatCannotBeReachedIsABadGateway()
    {
        await using var recorder = await Pipeline.Emulator.Emulator.StartAsync(
            Options("recorder") with
            {
                RecordFile = Recording,
                Upstream = new($"http://127.0.0.1:{CliProcess.FreePort()}"),
            }, Ct);
        Assert.Equal(502, (await SendAsync(recorder, HttpMethod.Get, "v1/tasks")).Status);
    }

    [Theory]
    [InlineData("", "is not a recording of version 1")]
    [InlineData("{\"kind\":\"session\",\"version\":2}", "is not a recording of version 1")]
    [InlineData("{\"kind\":\"session\",\"version\":1}\nnull", "line 2 cannot be read")]
    [InlineData("{\"kind\":\"session\",\"version\":1}\n{", "line 2 cannot be read")]
    [InlineData("{\"kind\":\"session\",\"version\":1}\n{\"kind\":\"exchange\"}", "line 2 cannot be read")]
    [InlineData(
        "{\"kind\":\"session\",\"version\":1}\n{\"kind\":\"object\",\"post\":1,\"uri\":\"s3\"}",
        "line 2 cannot be read")]
    public async Task AFileThatIsNoRecordingIsRefused(string content, string message)
    {
        await File.WriteAllTextAsync(Recording, content, Ct);
        var error = await Assert.ThrowsAsync<FormatException>(ReplayAsync);
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public async Task ARecordingIsNeverOverwritten()
    {
        await File.WriteAllTextAsync(Recording, "precious", Ct);
        await using var upstream = await StartAsync("upstream");
        var error = await Assert.ThrowsAsync<IOException>(() => RecordAsync(upstream));
        Assert.Contains("exists already", error.Message);
        Assert.Equal("precious", await File.ReadAllTextAsync(Recording, Ct));
    }

    [Fact]
    public async Task AMissingFileOrFolderIsNamedWithWhatToDo()
    {
        var unread = await Assert.ThrowsAsync<FormatException>(ReplayAsync);
        Assert.Equal(
            $"There is no file '{Recording}'. Record a session first: pipeline emulator --record FILE --upstream URL",
            unread.Message);
        var unwritten = await Assert.ThrowsAsync<IOException>(() => Pipeline.Emulator.Emulator.StartAsync(
            Options("recorder") with { RecordFile = _folder["none/f"], Upstream = new("http://127.0.0.1:1") }, Ct));
        Assert.EndsWith("Create it first.", unwritten.Message);
    }

    [Fact]
    public void AKeyThatIsAWordStaysInTexts()
    {
        var text = new SessionText();
        text.AddKey("any");
        text.AddKey(Key);
        Assert.Equal("a company with [removed]", text.Hide($"a company with {Key}"));
    }

    private EmulatorOptions Options(string folder) =>
        new()
        {
            DataFolder = _folder[folder],
            Storage = StorageMode.Own,
            CallbackBackoff = TimeSpan.FromMilliseconds(20),
        };

    private async Task<RunningEmulator> StartAsync(string folder, string faults = "") =>
        await Pipeline.Emulator.Emulator.StartAsync(Options(folder) with { Faults = faults }, Ct);

    private async Task<RunningEmulator> RecordAsync(RunningEmulator upstream) =>
        await Pipeline.Emulator.Emulator.StartAsync(
            Options("recorder") with { RecordFile = Recording, Upstream = upstream.BaseAddress }, Ct);

    private async Task<RunningEmulator> ReplayAsync() =>
        await Pipeline.Emulator.Emulator.StartAsync(Options("replay") with { ReplayFile = Recording }, Ct);

    private async Task RunAsync(string name, Uri api, Uri s3)
    {
        await File.WriteAllLinesAsync(_folder["urls.txt"], Rig.Urls(5), Ct);
        var (exitCode, output, error) = await CliProcess.RunAsync(
            [
                "run", _folder["urls.txt"], "--api", api.AbsoluteUri, "--storage-url", "s3://my-bucket/results/",
                "--compress", "--out", _folder[name], "--state", _folder[name + "-state"],
            ],
            ("NIMBLE_API_KEY", Key), ("AWS_ENDPOINT_URL_S3", s3.AbsoluteUri), ("AWS_ACCESS_KEY_ID", "any"),
            ("AWS_SECRET_ACCESS_KEY", "any"), ("AWS_REGION", "us-east-1"));
        Assert.True(exitCode == 0, output + error);
    }

    /// <summary>Everything that must be equal: all but times and the object's address.</summary>
    private List<string> Records(string name) =>
        [
            .. File.ReadLines(Path.Combine(_folder[name], "records.ndjson")).Select(line =>
            {
                var record = JsonElement.Parse(line);
                return string.Join(' ', ((string[])["url", "task_id", "http_status", "content_digest", "content_bytes"])
                    .Select(member => record.GetProperty(member).ToString()));
            }).Order(StringComparer.Ordinal)];

    private static JsonObject Body(string storage, string? callback)
    {
        var shared = new JsonObject { ["storage_type"] = "s3", ["storage_url"] = storage, ["storage_compress"] = true };
        if (callback is not null)
            shared["callback_url"] = callback;
        return new()
        {
            ["inputs"] = new JsonArray(new JsonObject { ["url"] = "http://sample.test/sample/data/tides.txt" }),
            ["shared_inputs"] = shared,
        };
    }

    private static async Task<JsonNode> PostAsync(RunningEmulator emulator, string storage, string? callback)
    {
        var (status, body) = await SendAsync(
            emulator, HttpMethod.Post, "v1/extract/batch", Body(storage, callback).ToJsonString());
        Assert.Equal(200, status);
        return body!;
    }

    private static async Task<(int Status, JsonNode? Body)> SendAsync(
        RunningEmulator emulator, HttpMethod method, string path, string? body = null)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(method, new Uri(emulator.BaseAddress, path));
        request.Headers.Authorization = new("Bearer", Key);
        if (body is not null)
            request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        return ((int)answer.StatusCode, text.Length > 0 ? JsonNode.Parse(text) : null);
    }
}
