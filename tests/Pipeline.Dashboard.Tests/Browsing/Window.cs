using Microsoft.Playwright;

namespace Pipeline.Dashboard.Tests.Browsing;

/// <summary>A browser window that remembers everything a page must never do.</summary>
public sealed class Window : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly List<string> _faults = [];

    private Window(IBrowserContext context, IPage page) => (_context, Page) = (context, page);

    public IPage Page { get; }

    internal static async Task<Window> CreateAsync(IBrowserContext context, Uri address)
    {
        context.SetDefaultTimeout(60_000);
        var window = new Window(context, await context.NewPageAsync());
        window.Watch(address);
        return window;
    }

    /// <summary>Opens a page of the server and expects it to be one.</summary>
    public async Task<IPage> GoAsync(string path, int status = 200)
    {
        var answer = await Page.GotoAsync(path);
        Assert.Equal(status, answer!.Status);
        return Page;
    }

    /// <summary>No script error, no refused resource, no request to another host.</summary>
    public void HasNoFault() => Assert.Empty(_faults);

    /// <summary>Everybody can use the page, as far as axe-core can tell; nothing is wider than the window.</summary>
    public async Task IsUsableAsync()
    {
        await Page.EvaluateAsync(await File.ReadAllTextAsync(Browser.Axe, TestContext.Current.CancellationToken));
        var faults = await Page.EvaluateAsync<string[]>(
            """
            async () => (await axe.run(
              document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
              .violations.flatMap(v => v.nodes.map(
                n => `${v.id}: ${n.failureSummary} ${n.html.slice(0, 200)}`))
            """);
        Assert.Empty(faults);
        var overflow = await Page.EvaluateAsync<string[]>(
            """
            () => document.documentElement.scrollWidth <= window.innerWidth ? [] :
              [...document.querySelectorAll('body *')]
                .filter(e => e.getBoundingClientRect().right > window.innerWidth + 1)
                .map(e => `${e.tagName}.${e.getAttribute('class')} is too wide: ${e.textContent.slice(0, 60)}`)
                .slice(0, 5)
            """);
        Assert.Empty(overflow);
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private void Watch(Uri address)
    {
        Page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning"
                && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                Note($"console: {message.Text}");
        };
        Page.PageError += (_, error) => Note($"error: {error}");
        Page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(address.AbsoluteUri, StringComparison.Ordinal))
                Note($"another host: {request.Url}");
        };
    }

    private void Note(string fault)
    {
        lock (_faults)
            _faults.Add(fault);
    }
}
