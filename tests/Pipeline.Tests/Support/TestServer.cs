using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Pipeline.Tests.Support;

/// <summary>A request that a <see cref="TestServer"/> received.</summary>
public sealed record SeenRequest(
    string Method, string PathAndQuery, IReadOnlyDictionary<string, string> Headers, byte[] Body, string ConnectionId);

/// <summary>
/// A real HTTP server in the test process, on a free loopback port. One handler answers all requests, and every request
/// is recorded.
/// </summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<SeenRequest> _seen = [];

    private TestServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public IReadOnlyList<SeenRequest> Seen
    {
        get
        {
            lock (_seen)
                return [.. _seen];
        }
    }

    public static async Task<TestServer> StartAsync(Func<HttpContext, Task> handle)
    {
        var server = new TestServer(Hosts.CreateBuilder().Build());
        server._app.Run(async context =>
        {
            await server.RecordAsync(context);
            await handle(context);
        });
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    /// <summary>Uses one answer per request in turn; the last one answers all further requests.</summary>
    public static Task<TestServer> StartAsync(params Func<HttpContext, Task>[] answers)
    {
        var next = -1;
        return StartAsync(context => answers[Math.Min(Interlocked.Increment(ref next), answers.Length - 1)](context));
    }

    public static Func<HttpContext, Task> Json(
        string json, int status = 200, params (string Name, string Value)[] headers) => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        foreach (var (name, value) in headers)
            context.Response.Headers[name] = value;
        await context.Response.WriteAsync(json);
    };

    /// <summary>Aborts the connection after what was sent so far.</summary>
    public static Func<HttpContext, Task> Abort(string? afterBytes = null, int status = 200) => async context =>
    {
        if (afterBytes is not null)
        {
            context.Response.StatusCode = status;
            context.Response.ContentLength = afterBytes.Length + 1000;
            await context.Response.WriteAsync(afterBytes);
            await context.Response.Body.FlushAsync();
            await Task.Delay(50);
        }

        context.Abort();
    };

    /// <summary>Never responds.</summary>
    public static Func<HttpContext, Task> Silence() => async context =>
    {
        try
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The client gave up, as expected.
        }
    };

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task RecordAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var seen = new SeenRequest(
            context.Request.Method,
            context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            body.ToArray(),
            context.Connection.Id);
        context.Items[typeof(SeenRequest)] = seen;
        lock (_seen)
            _seen.Add(seen);
    }
}
