using Microsoft.AspNetCore.Builder;
using Pipeline.Emulator.Pages;
using Pipeline.Emulator.Sample;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

/// <summary>
/// Serves the sample site, and whatever else a test maps, on a free loopback port, with a client that fetches its
/// pages.
/// </summary>
internal sealed class SampleHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SampleHost(WebApplication app)
    {
        _app = app;
        Url = new Uri(app.Urls.First());
        Http = PageFetcher.CreateClient(() => Url, allowPrivate: true);
        Fetcher = new PageFetcher(Http, allowPrivate: true);
    }

    public Uri Url { get; }

    public HttpClient Http { get; }

    public PageFetcher Fetcher { get; }

    public static async Task<SampleHost> StartAsync(Action<WebApplication>? map = null)
    {
        var app = Hosts.CreateBuilder().Build();
        app.MapSampleSite();
        map?.Invoke(app);
        await app.StartAsync();
        return new(app);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
