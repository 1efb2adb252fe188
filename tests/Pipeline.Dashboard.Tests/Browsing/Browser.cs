using Microsoft.Playwright;
using Pipeline.Dashboard.Tests.Browsing;
using Pipeline.Tests.Support;

[assembly: AssemblyFixture(typeof(Browser))]

namespace Pipeline.Dashboard.Tests.Browsing;

/// <summary>The one Chromium that all tests share; tests/servers/browser.sh installs it.</summary>
public sealed class Browser : IAsyncDisposable
{
    private readonly Lazy<Task<IBrowser>> _browser;
    private IPlaywright? _playwright;

    public Browser() => _browser = new(LaunchAsync);

    /// <summary>The text of axe-core.</summary>
    public static string Axe { get; } = Path.Combine(Repository.Root, ".servers/axe/node_modules/axe-core/axe.min.js");

    /// <summary>Opens a window of its own: cookies, size and colours are not shared.</summary>
    public async Task<Window> OpenAsync(
        Uri address, int width = 1280, ColorScheme scheme = ColorScheme.Light, bool runsScripts = true)
    {
        var browser = await _browser.Value;
        var context = await browser.NewContextAsync(new()
        {
            BaseURL = address.AbsoluteUri,
            ViewportSize = new() { Width = width, Height = 900 },
            ColorScheme = scheme,
            JavaScriptEnabled = runsScripts,
            ReducedMotion = ReducedMotion.Reduce,
        });
        return await Window.CreateAsync(context, address);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await _browser.Value).DisposeAsync();
        _playwright?.Dispose();
    }

    private async Task<IBrowser> LaunchAsync()
    {
        // A busy machine takes its time; what a page must show comes sooner than that, or never.
        Assertions.SetDefaultExpectTimeout(60_000);
        _playwright = await Playwright.CreateAsync();
        return await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Path.Combine(Repository.Root, ".servers/chromium/chromium"),
            // Containers that run tests rarely let Chromium make namespaces of its own.
            ChromiumSandbox = false,
        });
    }
}
