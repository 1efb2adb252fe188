using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Pipeline.Callback;
using Pipeline.Dashboard.Access;
using Pipeline.Http;

namespace Pipeline.Cli.Serving;

/// <summary>
/// Protects the pages: they are served only under the names of this process, so that no other page can read them (DNS
/// rebinding), never in a frame, and never cached. Callbacks are not checked: they have a token, and a proxy may call
/// them by any name.
/// </summary>
internal static class BrowserGuard
{
    private static readonly PathString Callbacks = "/"
        + CallbackStage.Route[..CallbackStage.Route.IndexOf("/{", StringComparison.Ordinal)];

    /// <summary>Protects every path except that of the callbacks.</summary>
    /// <param name="app">The application.</param>
    /// <param name="addresses">Addresses of this process, in addition to the names of this machine.</param>
    public static void UseBrowserGuard(this IApplicationBuilder app, params IEnumerable<Uri> addresses)
    {
        var known = addresses.Select(address => address.IdnHost).ToHashSet(StringComparer.OrdinalIgnoreCase);
        // A listener on all addresses accepts any of them as host, but no name.
        var isAnyAddress = known.Overlaps(["0.0.0.0", "::"]);
        app.Use(async (context, next) =>
        {
            if (context.Request.Path.StartsWithSegments(Callbacks))
            {
                await next(context);
                return;
            }
            PageHeaders.Protect(context.Response.Headers);
            var host = context.Request.Host.Host.Trim('[', ']');
            if (LoopbackHost.Is(host) || known.Contains(host)
                || (isAnyAddress && System.Net.IPAddress.TryParse(host, out _)))
            {
                await next(context);
                return;
            }
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync(
                "This page is not served under that name. Open it as localhost, or set "
                    + "--callback-base to its address.");
        });
    }
}
