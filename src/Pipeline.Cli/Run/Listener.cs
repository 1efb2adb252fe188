using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Callback;

namespace Pipeline.Cli.Run;

/// <summary>Where webhooks are served.</summary>
internal static class Listener
{
    /// <summary>The address to listen on: the one asked for, else the one of the run that was stopped, else a free loopback port.</summary>
    public static Uri Choose(RunSettings settings)
    {
        if (settings.Listen is { Port: not 0 } asked)
            return IsFree(asked.Port) ? asked : throw InUse(asked, "the port is in use.");
        if (settings.Listen is null && Folders.LastListen(settings) is { } last && IsFree(last.Port))
            return last;
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return new UriBuilder(settings.Listen ?? new Uri("http://127.0.0.1")) { Port = ((IPEndPoint)probe.LocalEndpoint).Port }.Uri;
    }

    /// <summary>Starts listening.</summary>
    /// <exception cref="PipelineException">Permanent: the port is in use, or not ours to take.</exception>
    public static async Task StartAsync(WebApplication app, RunSettings settings, Uri address, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception problem) when (problem is IOException or SocketException)
        {
            throw InUse(address, problem.Message);
        }

        if (settings.Listen is null)
            Folders.KeepListen(settings, address);
    }

    /// <summary>The webhook's endpoint.</summary>
    public static void MapCallbacks(this IEndpointRouteBuilder app) => app.MapPost(CallbackStage.Route, async (HttpContext context, string submission, string token) =>
    {
        // The stage has its own limits; the server's would break the connection where an answer is due.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        var stage = context.RequestServices.GetRequiredService<CallbackStage>();
        var answer = await stage.HandleAsync(submission, token, context.Request.Body, context.RequestAborted);
        context.Response.StatusCode = (int)answer;
        if (answer == CallbackAnswer.TooMany)
            context.Response.Headers.RetryAfter = CallbackStage.RetryAfter;
    });

    private static PipelineException InUse(Uri address, string problem) => PipelineException.Permanent(FailureReasons.InvalidConfiguration,
        $"Webhooks cannot be served at {address}: {problem} Choose another address with --listen.");

    private static bool IsFree(int port)
    {
        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, port);
            probe.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
