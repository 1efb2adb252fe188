using System.Net;
using Microsoft.AspNetCore.Http;
using Pipeline.Ports;

namespace Pipeline.Tests.Support;

/// <summary>What happens to one response. Positions are bytes of its body.</summary>
public sealed record Fault
{
    /// <summary>Answer this instead of asking the server.</summary>
    public int? Status { get; init; }

    /// <summary>Headers of the answer, added or replaced.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Wait before answering.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Break the connection off before any answer.</summary>
    public bool Reset { get; init; }

    /// <summary>Have the server do what is asked, and break the connection off before its answer.</summary>
    public bool LoseAnswer { get; init; }

    /// <summary>Break the connection off within the body.</summary>
    public long? CutAt { get; init; }

    /// <summary>End the body early, cleanly; only visible where the length is not told (<see cref="DropLength"/>).</summary>
    public long? EndAt { get; init; }

    /// <summary>Stop sending within the body, without breaking the connection off.</summary>
    public long? StallAt { get; init; }

    /// <summary>Turn over the bits of one byte.</summary>
    public long? CorruptAt { get; init; }

    /// <summary>Leave Content-Length out.</summary>
    public bool DropLength { get; init; }

    /// <summary>Done just before the server is asked, for instance to change the object.</summary>
    public Func<Task>? Before { get; init; }
}

/// <summary>
/// Stands between a client and a server on this machine and spoils responses: one fault per request in turn, then none. The Host header passes
/// through unchanged, so signatures stay valid.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private static readonly string[] s_hopByHop = ["Connection", "Keep-Alive", "Transfer-Encoding", "Date", "Server"];

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, UseCookies = false });
    private readonly Queue<Fault> _faults = new();
    private readonly Uri _target;
    private TestServer? _server;

    private FaultProxy(Uri target) => _target = target;

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

        using var response = await ForwardAsync(context);
        if (fault.LoseAnswer)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            if (!s_hopByHop.Contains(name, StringComparer.OrdinalIgnoreCase) && !(fault.DropLength && name == "Content-Length"))
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
        using var request = new HttpRequestMessage(new HttpMethod(seen.Method), new Uri(_target.GetLeftPart(UriPartial.Authority) + seen.PathAndQuery));
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
            var read = await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, stop - position)), context.RequestAborted);
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
