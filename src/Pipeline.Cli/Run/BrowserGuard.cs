using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Pipeline.Callback;
using Pipeline.Http;

namespace Pipeline.Cli.Run;

/// <summary>
/// Guards what a browser is shown: only under names that this process is known by, so that no other page can read it (DNS rebinding), never in a frame,
/// never kept. Callbacks have their token, and are called by whatever name a proxy gives them.
/// </summary>
internal static class BrowserGuard
{
    private static readonly PathString s_callbacks = "/" + CallbackStage.Route[..CallbackStage.Route.IndexOf("/{", StringComparison.Ordinal)];

    /// <summary>Guards every path but the callbacks'.</summary>
    /// <param name="app">The application.</param>
    /// <param name="style">The one style sheet that its pages may have.</param>
    /// <param name="addresses">Where it is reached, beside this machine's own names.</param>
    public static void UseBrowserGuard(this IApplicationBuilder app, string style, params IEnumerable<Uri> addresses)
    {
        var known = addresses.Select(address => address.IdnHost).ToHashSet(StringComparer.OrdinalIgnoreCase);
        // Who listens on every address is reached by any of them; an address is nobody else's name.
        var isAnyAddress = known.Overlaps(["0.0.0.0", "::"]);
        var policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
            + $"style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)))}'";
        app.Use(async (context, next) =>
        {
            if (context.Request.Path.StartsWithSegments(s_callbacks))
            {
                await next(context);
                return;
            }
            Describe(context.Response.Headers, policy);
            var host = context.Request.Host.Host.Trim('[', ']');
            if (LoopbackHost.Is(host) || known.Contains(host) || (isAnyAddress && System.Net.IPAddress.TryParse(host, out _)))
            {
                await next(context);
                return;
            }
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync("This page is not served under that name. Ask for it as localhost, or name it with --callback-base.");
        });
    }

    private static void Describe(IHeaderDictionary headers, string policy)
    {
        headers.ContentSecurityPolicy = policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
    }
}
