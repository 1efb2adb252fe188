using System.Net;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Tests.Support;

/// <summary>A fault of one response. Positions are offsets in its body, bytes.</summary>
public sealed record Fault
{
    /// <summary>Answers with this instead of forwarding the request.</summary>
    public int? Status { get; init; }

    /// <summary>Adds or replaces headers of the response.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Waits before responding.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Aborts the connection without forwarding the request.</summary>
    public bool Reset { get; init; }

    /// <summary>Forwards the request and aborts the connection before the response.</summary>
    public bool LoseAnswer { get; init; }

    /// <summary>Aborts the connection at this position.</summary>
    public long? CutAt { get; init; }

    /// <summary>Ends the body early but cleanly; needs <see cref="DropLength"/> to take effect.</summary>
    public long? EndAt { get; init; }

    /// <summary>Stops sending at this position without closing the connection.</summary>
    public long? StallAt { get; init; }

    /// <summary>Inverts the byte at this position.</summary>
    public long? CorruptAt { get; init; }

    /// <summary>Leaves out Content-Length.</summary>
    public bool DropLength { get; init; }

    /// <summary>Runs just before the request is forwarded, for example to change the object.</summary>
    public Func<Task>? Before { get; init; }
}

/// <summary>
/// A proxy between a client and a server on this machine that applies one fault to each request in turn, then none. It
/// forwards the Host header unchanged, so that signatures stay valid.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private static readonly string[] HopByHop = ["Connection", "Keep-Alive", "Transfer-Encoding", "Date", "Server"];

    private readonly HttpClient _http = new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
        });
    private readonly Queue<Fault> _faults = new();
    private readonly Uri _target;
    private TestServer? _server;

    private FaultProxy(Uri target) => _target = target;

    /// <summary>Answers a request in the server's place and returns true, or returns false.</summary>
    public Func<HttpContext, Task<bool>>? Instead { get; set; }

    public Uri Address => _server!.Address;

    public IReadOnlyList<SeenRequest> Seen => _server!.Seen;

    public static async Task<FaultProxy> StartAsync(Uri target, params Fault[] faults)
    {
        var proxy = new FaultProxy(target);
        foreach (var fault in faults)
            proxy._faults.Enqueue(fault);
        proxy._server = await TestServer.StartAsync(proxy.HandleAsync);
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _http.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        Fault fault;
        lock (_faults)
            fault = _faults.TryDequeue(out var next) ? next : new();
        await Task.Delay(fault.Delay);
        if (fault.Before is { } before)
            await before();
        if (fault.Reset)
        {
            context.Abort();
            return;
        }

        if (fault.Status is { } status)
        {
            context.Response.StatusCode = status;
            Apply(fault, context);
            return;
        }

        if (Instead is { } instead && await instead(context))
            return;
        using var response = await ForwardAsync(context);
        if (fault.LoseAnswer)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            if (!HopByHop.Contains(name, StringComparer.OrdinalIgnoreCase)
                && !(fault.DropLength && name == "Content-Length"))
                context.Response.Headers[name] = values.ToArray();
        }

        Apply(fault, context);
        if (context.Request.Method != "HEAD" && (int)response.StatusCode is not (204 or 304))
            await CopyAsync(await response.Content.ReadAsStreamAsync(), context, fault);
    }

    private static void Apply(Fault fault, HttpContext context)
    {
        foreach (var (name, value) in fault.Headers)
            context.Response.Headers[name] = value;
    }

    private async Task<HttpResponseMessage> ForwardAsync(HttpContext context)
    {
        var seen = (SeenRequest)context.Items[typeof(SeenRequest)]!;
        using var request = new HttpRequestMessage(
            new HttpMethod(seen.Method), new Uri(_target.GetLeftPart(UriPartial.Authority) + seen.PathAndQuery));
        if (seen.Body.Length > 0 || seen.Headers.ContainsKey("Content-Length"))
            request.Content = new ByteArrayContent(seen.Body);
        foreach (var (name, value) in seen.Headers.Where(h => h.Key is not ("Connection" or "Transfer-Encoding")))
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content?.Headers.TryAddWithoutValidation(name, value);
        }

        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
    }

    private static async Task CopyAsync(Stream body, HttpContext context, Fault fault)
    {
        var stop = new[] { fault.CutAt, fault.EndAt, fault.StallAt }.Min() ?? long.MaxValue;
        var buffer = new byte[8192];
        for (var position = 0L; position < stop;)
        {
            var read = await body.ReadAsync(
                buffer.AsMemory(0, (int)Math.Min(buffer.Length, stop - position)), context.RequestAborted);
            if (read == 0)
                return;
            if (fault.CorruptAt is { } at && at >= position && at < position + read)
                buffer[at - position] ^= 0xff;
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
            position += read;
        }

        await context.Response.Body.FlushAsync();
        if (fault.StallAt is not null)
            await TestServer.Silence()(context);
        else if (fault.CutAt is not null)
        {
            await Task.Delay(30);
            context.Abort();
        }
    }
}
