using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Pipeline.Emulator.Pages;

namespace Pipeline.Tests.Emulator;

public sealed class PagesFetcherTests : IAsyncLifetime
{
    private SampleHost _host = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await SampleHost.StartAsync(app =>
    {
        app.MapGet("/hops/{n:int}", (int n) => n == 0 ? Results.Text("there") : Results.Redirect($"/hops/{n - 1}"));
        app.MapGet("/to", (string url) => Results.Redirect(url));
        app.MapGet("/teapot", () => Results.Text("short and stout", "text/html; charset=utf-8", Encoding.UTF8, 418));
        app.MapGet("/gzip", async context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest);
            await gzip.WriteAsync(new byte[int.Parse(context.Request.Query["bytes"]!)]);
        });
        app.MapGet("/notgzip", context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            return context.Response.WriteAsync("this is not gzip");
        });
        app.MapGet("/cut", async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        app.MapGet("/stall", async context =>
        {
            await context.Response.WriteAsync("first");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
    });

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task RedirectsAreFollowedUpToTen()
    {
        var page = await FetchAsync("/hops/10");
        Assert.Equal(("there", "/hops/0"), (Encoding.UTF8.GetString(page.Body), page.FinalUrl.AbsolutePath));
        await FailsAsync("/hops/11", PageFetchException.TooManyRedirects);
    }

    [Fact]
    public async Task AnErrorStatusIsAPage()
    {
        var page = await FetchAsync("/teapot");
        Assert.Equal(
            (418, "short and stout", "text/html; charset=utf-8"),
            (page.StatusCode, Encoding.UTF8.GetString(page.Body), page.ContentType));
    }

    [Theory]
    [InlineData("ftp://sample.test/x")]
    [InlineData("file:///etc/passwd")]
    public async Task OnlyHttpIsFetchedAtEveryHop(string url)
    {
        var error = await Assert.ThrowsAsync<PageFetchException>(() => _host.Fetcher.FetchAsync(new Uri(url), Ct));
        Assert.Equal(PageFetchException.InvalidUrl, error.ErrorType);
        await FailsAsync("/to?url=" + Uri.EscapeDataString(url), PageFetchException.InvalidUrl);
    }

    [Fact]
    public async Task TheSizeLimitAppliesToTheDecompressedBody()
    {
        Assert.Equal(1_000_000, (await FetchAsync("/gzip?bytes=1000000")).Body.Length);
        var small = new PageFetcher(_host.Http, allowPrivate: true, maxBytes: 1_000_000);
        Assert.Equal(1_000_000, (await small.FetchAsync(Of("/gzip?bytes=1000000"), Ct)).Body.Length);
        foreach (var path in (string[])["/gzip?bytes=1000001", "/sample/news/archive"])
        {
            var error = await Assert.ThrowsAsync<PageFetchException>(() => small.FetchAsync(Of(path), Ct));
            Assert.Equal(PageFetchException.TooLarge, error.ErrorType);
        }
    }

    [Fact]
    public async Task MalformedAnswersAreReportedAsBadResponses()
    {
        await FailsAsync("/cut", PageFetchException.BadResponse);
        await FailsAsync("/notgzip", PageFetchException.BadResponse);
    }

    [Fact]
    public async Task AStalledBodyTimesOutButACallersCancellationIsNoTimeout()
    {
        var hasty = new PageFetcher(_host.Http, allowPrivate: true, timeout: TimeSpan.FromMilliseconds(300));
        var error = await Assert.ThrowsAsync<PageFetchException>(() => hasty.FetchAsync(Of("/stall"), Ct));
        Assert.Equal(PageFetchException.Timeout, error.ErrorType);
        using var stop = new CancellationTokenSource(200);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _host.Fetcher.FetchAsync(Of("/stall"), stop.Token));
    }

    [Fact]
    public async Task ARefusedConnectionDiffersFromAnUnknownName()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        var refused = await Assert.ThrowsAsync<PageFetchException>(
            () => _host.Fetcher.FetchAsync(new Uri($"http://127.0.0.1:{port}/"), Ct));
        Assert.Equal(PageFetchException.ConnectionFailed, refused.ErrorType);

        using var nowhere = PageFetcher.CreateClient(() => null, allowPrivate: false);
        var unknown = await Assert.ThrowsAsync<PageFetchException>(
            () => new PageFetcher(nowhere, allowPrivate: false).FetchAsync(new Uri("http://sample.test/"), Ct));
        Assert.Equal(PageFetchException.DnsFailure, unknown.ErrorType);
    }

    private Uri Of(string path) => new(_host.Url, path);

    private Task<FetchedPage> FetchAsync(string path) => _host.Fetcher.FetchAsync(Of(path), Ct);

    private async Task FailsAsync(string path, string type)
    {
        var error = await Assert.ThrowsAsync<PageFetchException>(() => FetchAsync(path));
        Assert.Equal(type, error.ErrorType);
    }
}
