using Microsoft.AspNetCore.Http;

namespace Pipeline.Dashboard.Access;

/// <summary>
/// Headers of everything that a browser shows: nothing of another host, no inline code, no frame, no cache.
/// </summary>
internal static class PageHeaders
{
    private const string Page =
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; style-src 'self'; "
        + "script-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'";

    // What a record holds comes from a stranger's site: it runs no script, loads nothing, and has no origin.
    private const string Preview =
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
        + "form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

    /// <summary>For our own pages.</summary>
    public static void Protect(IHeaderDictionary headers) => Write(headers, Page, "DENY");

    /// <summary>For the content of a record, which only our own pages may frame.</summary>
    public static void Confine(IHeaderDictionary headers) => Write(headers, Preview, "SAMEORIGIN");

    private static void Write(IHeaderDictionary headers, string policy, string frames)
    {
        headers.ContentSecurityPolicy = policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = frames;
        headers.CacheControl = "no-store";
        // With no-referrer, browsers would send the forms of these pages with "Origin: null".
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
    }
}
