namespace Pipeline.Emulator.Overview;

/// <summary>Security headers for browsers: no script of another host, no frame, no cache.</summary>
internal static class PageHeaders
{
    private const string Page =
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; style-src 'self'; "
        + "img-src 'self'; script-src 'self'; connect-src 'self'";

    // An object may hold an untrusted page.
    private const string Object = "sandbox; default-src 'none'; frame-ancestors 'none'";

    /// <summary>For the emulator's own page.</summary>
    public static void Protect(IHeaderDictionary headers) => Write(headers, Page);

    /// <summary>For the content of an object.</summary>
    public static void Confine(IHeaderDictionary headers) => Write(headers, Object);

    private static void Write(IHeaderDictionary headers, string policy)
    {
        headers.ContentSecurityPolicy = policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.CacheControl = "no-store";
        // With no-referrer, browsers would send the page's forms with "Origin: null".
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
    }
}
