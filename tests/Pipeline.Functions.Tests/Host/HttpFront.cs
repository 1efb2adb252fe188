using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;
using Yarp.ReverseProxy.Forwarder;

namespace Pipeline.Functions.Tests.Host;

/// <summary>
/// The HTTP side of the host: finds the function of a request, asks for its key, and forwards the request to the
/// worker's own server with all headers of the caller, through the same proxy library as the genuine host.
/// </summary>
internal sealed class HttpFront(FunctionsHost host, IHttpForwarder forwarder) : IDisposable
{
    /// <summary>The key of all functions that need one.</summary>
    public const string FunctionKey = "a-function-key";

    private const string InvocationHeader = "x-ms-invocation-id";

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
    });

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        if (Find(context.Request) is not { } found)
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        else if (found.NeedsKey && !HasKey(context.Request))
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        else
            await ForwardAsync(context, found.Function, found.Values);
    }

    public void Dispose() => _http.Dispose();

    private (string Function, bool NeedsKey, RouteValueDictionary Values)? Find(HttpRequest request)
    {
        foreach (var (function, bindings) in host.Bindings)
        {
            var trigger = bindings[0];
            if (trigger.GetProperty("type").GetString() != "httpTrigger"
                || !trigger.GetProperty("methods").EnumerateArray().Any(
                    m => HttpMethods.Equals(m.GetString()!, request.Method)))
                continue;
            var values = new RouteValueDictionary();
            var template = TemplateParser.Parse($"api/{trigger.GetProperty("route").GetString()}");
            if (new TemplateMatcher(template, []).TryMatch(request.Path, values))
                return (function, trigger.GetProperty("authLevel").GetString() != "Anonymous", values);
        }
        return null;
    }

    private static bool HasKey(HttpRequest request)
    {
        var given = request.Headers["x-functions-key"].FirstOrDefault() ?? request.Query["code"].FirstOrDefault() ?? "";
        return CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(FunctionKey));
    }

    private async Task ForwardAsync(HttpContext context, string function, RouteValueDictionary values)
    {
        var invocation = host.Request(function, trigger: null);
        foreach (var (name, value) in values)
            if (value is string text)
                invocation.TriggerMetadata[name] = new() { String = text };
        var running = host.InvokeAsync(invocation, CancellationToken.None);
        await forwarder.SendAsync(
            context, host.WorkerHttp.AbsoluteUri, _http, ForwarderRequestConfig.Empty,
            new Transformer(invocation.InvocationId), context.RequestAborted);
        await running;
    }

    /// <summary>Adds the invocation's id. Everything else comes from the caller, including the host name.</summary>
    private sealed class Transformer(string invocationId) : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix,
            CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            proxyRequest.Headers.Remove(InvocationHeader);
            proxyRequest.Headers.Add(InvocationHeader, invocationId);
        }
    }
}
