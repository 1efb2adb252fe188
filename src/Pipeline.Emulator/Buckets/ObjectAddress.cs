using Microsoft.AspNetCore.Http.Features;

namespace Pipeline.Emulator.Buckets;

/// <summary>What a request's path names, taken from the request line itself: the server's own path has its dot segments and slashes folded.</summary>
internal static class ObjectAddress
{
    /// <summary>The path after <paramref name="root"/> as sent, still percent-encoded, without query.</summary>
    public static string RawRest(HttpContext context, string root)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? target : target[..query];
        var at = path.IndexOf(root, StringComparison.Ordinal);
        return at < 0 ? "" : path[(at + root.Length)..];
    }

    /// <summary>Bucket and key of a path-style S3 request; the key is empty for the bucket itself.</summary>
    public static (string Bucket, string Key) OfS3(HttpContext context)
    {
        var rest = RawRest(context, "/s3/");
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        return slash < 0
            ? (Uri.UnescapeDataString(rest), "")
            : (Uri.UnescapeDataString(rest[..slash]), Uri.UnescapeDataString(rest[(slash + 1)..]));
    }

    /// <summary>The object of a GCS request: one segment after <c>/o/</c>, though its slashes may stand unescaped.</summary>
    public static string OfGcs(HttpContext context) => Uri.UnescapeDataString(RawRest(context, "/o/"));
}
