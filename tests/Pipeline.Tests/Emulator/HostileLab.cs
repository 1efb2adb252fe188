using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

/// <summary>
/// An emulator with hostile faults, and a client that accepts any answer. The query <c>?hostile</c> marks a page.
/// </summary>
internal sealed class HostileLab : IAsyncDisposable
{
    private const string Key = "planted/key-77";

    private readonly EmulatorLab _lab;
    private readonly HttpClient _http = new() { Timeout = Patience.Limit };

    private HostileLab(EmulatorLab lab)
    {
        _lab = lab;
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public EmulatorLab Lab => _lab;

    public static async Task<HostileLab> StartAsync(string faults) => new(await EmulatorLab.StartAsync(faults));

    /// <summary>Posts a batch of one page, and returns the answer as soon as its headers are there.</summary>
    public Task<HttpResponseMessage> PostAsync(
        bool isMarked, string? callback = null, string? storage = null, bool compress = false)
    {
        var shared = new JsonObject();
        if (callback is not null)
            shared["callback_url"] = callback;
        if (storage is not null)
            (shared["storage_type"], shared["storage_url"], shared["storage_compress"]) = ("s3", storage, compress);
        var body = new JsonObject
        {
            ["inputs"] = new JsonArray(new JsonObject { ["url"] = _lab.Site.Page(isMarked ? "1?hostile" : "1") }),
            ["shared_inputs"] = shared,
        };
        return _http.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, Address("v1/extract/batch"))
            {
                Content = new StringContent(body.ToJsonString()),
            },
            HttpCompletionOption.ResponseHeadersRead,
            Ct);
    }

    public Task<HttpResponseMessage> GetAsync(string path) =>
        _http.GetAsync(Address(path), HttpCompletionOption.ResponseHeadersRead, Ct);

    /// <summary>
    /// Waits until the only task has succeeded, and returns its id, with the faults switched off meanwhile.
    /// </summary>
    public async Task<string> TaskIdAsync()
    {
        await Patience.UntilAsync(async () => (int)(await _lab.StatsAsync())["tasks"]["success"]! > 0);
        var faults = (await _lab.GetAsync("_admin/faults")).Body!;
        using (await _http.DeleteAsync(Address("_admin/faults"), Ct))
        {
        }

        var id = (string)(await _lab.GetAsync("v1/tasks"))["data"].AsArray().Single()!["id"]!;
        using (await _http.PutAsync(Address("_admin/faults"), new StringContent(faults.ToJsonString()), Ct))
        {
        }

        return id;
    }

    /// <summary>Checks that a document is spoilt as this kind of <c>HostileJson</c> intends.</summary>
    public static void AssertSpoilt(string kind, byte[] document, params string[] secrets)
    {
        var text = Encoding.Latin1.GetString(document);
        switch (kind)
        {
            case "deep":
                Assert.Contains(new string('[', 50_000), text, StringComparison.Ordinal);
                AssertIsJson(document);
                break;
            case "huge":
                Assert.InRange(document.Length, 24 << 20, 50 << 20);
                JsonDocument.Parse(document).Dispose();
                break;
            case "many":
                using (var json = JsonDocument.Parse(document))
                    Assert.InRange(json.RootElement.GetProperty("tasks").GetArrayLength(), 200_000, 200_001);
                break;
            case "surrogate":
                Assert.Contains(@"""\ud83d"":""\udc00""", text, StringComparison.Ordinal);
                Assert.Contains("\u00ff\u00fe", text, StringComparison.Ordinal);
                break;
            case "control":
                Assert.Contains(@"\u001b[2J", text, StringComparison.Ordinal);
                Assert.Contains(@"\u202e", text, StringComparison.Ordinal);
                JsonDocument.Parse(document).Dispose();
                break;
            case "secret":
                using (var json = JsonDocument.Parse(document))
                    Assert.All(
                        secrets,
                        secret => Assert.Contains(secret, Find(json.RootElement, "error"), StringComparison.Ordinal));
                foreach (var secret in secrets)
                    Assert.Contains($@"\\u{(int)secret[0]:x4}\\u{(int)secret[1]:x4}", text, StringComparison.Ordinal);
                break;
            case "types":
                using (var json = JsonDocument.Parse(document))
                    Assert.Equal(JsonValueKind.Object, json.RootElement.GetProperty("state").ValueKind);
                break;
            default:
                Assert.Fail($"'{kind}' is not a kind of document.");
                break;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _lab.DisposeAsync();
    }

    /// <summary>Checks JSON with a reader, because it nests too deeply for a tree.</summary>
    private static void AssertIsJson(byte[] document)
    {
        var reader = new Utf8JsonReader(document, new JsonReaderOptions { MaxDepth = 60_000 });
        while (reader.Read())
        {
        }
    }

    private static string Find(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private Uri Address(string path) => new(_lab.Emulator.BaseAddress, path);
}
