using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Pipeline.Tests.Emulator;

/// <summary>The admin endpoints: who may call them, and what they must not show.</summary>
public sealed class AdminTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("127.0.0.1:5005", HttpStatusCode.OK)]
    [InlineData("evil.example", HttpStatusCode.Forbidden)]
    [InlineData("127.0.0.1.evil.example", HttpStatusCode.Forbidden)]
    public async Task OnlyLoopbackNamesAreAnswered(string host, HttpStatusCode expected)
    {
        await using var lab = await EmulatorLab.StartAsync();
        using var http = new HttpClient();
        foreach (var path in new[] { "_admin/stats", "_admin/faults" })
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, new Uri(lab.Emulator.BaseAddress, path)) { Headers = { Host = host } };
            using var answer = await http.SendAsync(request, Ct);
            Assert.Equal(expected, answer.StatusCode);
        }
    }

    [Theory]
    [InlineData("PUT", "/s3/results/a")]
    [InlineData("POST", "/v1/extract/async")]
    [InlineData("POST", "/gcs/upload/storage/v1/b/results/o?uploadType=media&name=a")]
    public async Task AnOverflowingChunkSizeIsABadRequestEverywhere(string method, string path)
    {
        await using var lab = await EmulatorLab.StartAsync();
        await lab.Emulator.EnsureBucketAsync("results");
        using var client = new TcpClient();
        await client.ConnectAsync(lab.Emulator.BaseAddress.Host, lab.Emulator.BaseAddress.Port, Ct);
        await using var stream = client.GetStream();
        var head =
            $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                + "any\r\nContent-Type: application/json\r\n";
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"{head}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nabc\r\n"), Ct);
        using var reader = new StreamReader(stream);

        Assert.StartsWith("HTTP/1.1 400 ", await reader.ReadLineAsync(Ct), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "/api/callbacks/list-000000/0123456789abcdefghij0123456789abcdefghijABC", "/api/callbacks/list-000000/[token]")]
    [InlineData("/hook/x?key=0123456789abcdefghij", "/hook/x")]
    public async Task CallbackTokensAreHidden(string path, string shown)
    {
        await using var lab = await EmulatorLab.StartAsync();
        using var http = new HttpClient { BaseAddress = lab.Emulator.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", "any");
        var body = new { url = lab.Site.Page(1), callback_url = $"http://127.0.0.1:9{path}" };
        using var answer = await http.PostAsJsonAsync("v1/extract/async", body, Ct);
        answer.EnsureSuccessStatusCode();

        var stats = await http.GetStringAsync("_admin/stats", Ct);

        var post = Assert.Single(JsonElement.Parse(stats).GetProperty("posts").EnumerateArray());
        Assert.Equal(shown, post.GetProperty("callback_path").GetString());
        Assert.DoesNotContain("0123456789abcdefghij", stats, StringComparison.Ordinal);
    }
}
