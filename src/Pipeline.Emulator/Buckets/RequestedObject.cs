using Microsoft.AspNetCore.Http.Features;

namespace Pipeline.Emulator.Buckets;

/// <summary>
/// Reads bucket and key from the raw request line, because the server's parsed path has lost dot segments and repeated
/// slashes.
/// </summary>
internal static class RequestedObject
{
    /// <summary>
    /// The path after <paramref name="root"/> as it was sent: still percent-encoded, without the query.
    /// </summary>
    public static string RawRest(HttpContext context, string root)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? target : target[..query];
        var at = path.IndexOf(root, StringComparison.Ordinal);
        return at < 0 ? "" : path[(at + root.Length)..];
    }

    /// <summary>
    /// The bucket and key of a path-style S3 request; the key is empty for a request to the bucket itself.
    /// </summary>
    public static (string Bucket, string Key) OfS3(HttpContext context)
    {
        var rest = RawRest(context, "/s3/");
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash < 0
            ? (Uri.UnescapeDataString(rest), "")
            : (Uri.UnescapeDataString(rest[..slash]), Uri.UnescapeDataString(rest[(slash + 1)..]));
    }

    /// <summary>The object name of a GCS request: everything after <c>/o/</c>, including unescaped slashes.</summary>
    public static string OfGcs(HttpContext context) => Uri.UnescapeDataString(RawRest(context, "/o/"));
}
