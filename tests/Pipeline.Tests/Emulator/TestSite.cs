using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

/// <summary>A web site on a free port that serves pages and records webhooks.</summary>
internal sealed class TestSite : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _refusals;

    private TestSite(WebApplication app) => _app = app;

    public ConcurrentQueue<(string Path, JsonNode Body)> Webhooks { get; } = new();

    public int Fetches;

    /// <summary>Completing this answers the requests for pages under <c>/held/</c>.</summary>
    public TaskCompletionSource Held { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Address => _app.Urls.Single();

    public static async Task<TestSite> StartAsync()
    {
        var app = Hosts.CreateBuilder().Build();
        var site = new TestSite(app);
        app.MapGet("/page/{n}", (string n, HttpContext context) => site.PageAsync(context, n, 200));
        app.MapGet("/gone/{n}", (string n, HttpContext context) => site.PageAsync(context, n, 404));
        app.MapGet("/held/{n}", async (string n, HttpContext context) =>
        {
            await site.Held.Task.WaitAsync(context.RequestAborted);
            await site.PageAsync(context, n, 200);
        });
        app.MapGet("/moved/{n}", (string n) => Results.Redirect($"/linking/{n}", permanent: true));
        app.MapGet("/linking/{n}", (string n) => Results.Content(
            $"<body><a href='/page/{n}'>a</a><a href='https://b.example/#x'>b</a><a href='/page/{n}'>again</a><a "
                + "href='javascript:no()'>c</a>",
            "text/html"));
        app.MapPost("/hook/{**rest}", site.HookAsync);
        await app.StartAsync();
        return site;
    }

    /// <summary>The HTML of a page.</summary>
    public static string Html(string n) =>
        $"<html><head><title>Page {n}</title></head><body><p>\"Привет\" \\ {n}</p></body></html>";

    public string Page(object n) => $"{Address}/page/{n}";

    public string Hook(string rest) => $"{Address}/hook/{rest}";

    /// <summary>Answers the next webhooks with 500.</summary>
    public void RefuseWebhooks(int count) => _refusals = count;

    public async ValueTask DisposeAsync()
    {
        Held.TrySetResult();
        await _app.DisposeAsync();
    }

    private Task PageAsync(HttpContext context, string n, int status)
    {
        Interlocked.Increment(ref Fetches);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync(Html(n));
    }

    private async Task HookAsync(HttpContext context)
    {
        var body = await JsonNode.ParseAsync(context.Request.Body);
        Webhooks.Enqueue((context.Request.Path, body!));
        context.Response.StatusCode = Interlocked.Decrement(ref _refusals) >= 0 ? 500 : 204;
    }
}
