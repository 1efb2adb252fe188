using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Callback;
using Pipeline.Cli.Settings;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Cli.Serving;

/// <summary>Serves webhooks.</summary>
internal static class Listener
{
    private static readonly Uri FreeLocalPort = new("http://127.0.0.1:0");

    /// <summary>Checks an address that the user asked for, before anything is written.</summary>
    /// <exception cref="PipelineException">Permanent: it cannot be listened at.</exception>
    public static void Check(RunSettings settings)
    {
        if (settings.Listen is { } asked)
            Take(asked);
    }

    /// <summary>
    /// Chooses the address: the one asked for, else that of this state's last run, else a free local port.
    /// </summary>
    /// <param name="settings">What the command was asked for.</param>
    /// <param name="say">Gets, in a sentence, what the user may not expect.</param>
    public static Uri Choose(RunSettings settings, Action<string>? say = null)
    {
        if (settings.Listen is { } asked)
            return Take(asked);
        if (KeptAddresses.Listen(settings) is not { } last)
            return Take(FreeLocalPort);
        if (ListenAddress.Problem(last) is not { } problem)
            return last;
        var other = Take(FreeLocalPort);
        say?.Invoke(
            KeptAddresses.IsListening(settings)
                ? $"Another process works on this state and listens at {last}. Both take webhooks."
                : $"The last run listened at {last}: {problem}. Webhooks on their way there are lost; Sweep finds "
                    + "their results.");
        return other;
    }

    /// <summary>Starts listening.</summary>
    /// <exception cref="PipelineException">Permanent: the port is in use, or this user may not use it.</exception>
    public static async Task StartAsync(
        WebApplication app, RunSettings settings, Uri address, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception problem) when (problem is IOException or SocketException)
        {
            throw Unusable(address, FaultWords.Of(problem));
        }

        KeptAddresses.Keep(settings, address);
    }

    /// <summary>Maps the endpoint of webhooks.</summary>
    public static void MapCallbacks(this IEndpointRouteBuilder app) =>
        app.MapPost(CallbackStage.Route, async (HttpContext context, string submission, string token) =>
    {
        // The stage limits size and time itself, and answers 413 and 408. The server's own limits would cut the
        // connection.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        context.Features.Get<IHttpMinRequestBodyDataRateFeature>()?.MinDataRate = null;
        var stage = context.RequestServices.GetRequiredService<CallbackStage>();
        try
        {
            var answer = await stage.HandleAsync(submission, token, context.Request.Body, context.RequestAborted);
            context.Response.StatusCode = (int)answer;
            if (answer == CallbackAnswer.TooMany)
                context.Response.Headers.RetryAfter = CallbackStage.RetryAfter;
        }
        // The sender has gone, and nobody waits for an answer.
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
        }
    });

    private static Uri Take(Uri address)
    {
        try
        {
            if (address.Port == 0)
                return ListenAddress.WithFreePort(address);
        }
        catch (SocketException problem)
        {
            throw Unusable(address, FaultWords.Of(problem));
        }

        return ListenAddress.Problem(address) is { } taken ? throw Unusable(address, taken) : address;
    }

    private static PipelineException Unusable(Uri address, string problem) => PipelineException.Permanent(
        FailureReasons.InvalidConfiguration,
        $"Webhooks cannot be served at {address}: {problem}. Choose another address with --listen.");
}
