using System.Text;
using Pipeline.Nimble.Replies;
using Pipeline.Urls;

namespace Pipeline.Collect.Normalize;

/// <summary>The URLs that redirected to a page, as the result lists them in <c>data.redirects</c>.</summary>
internal static class RedirectChain
{
    /// <summary>The URLs that redirected, in order; empty if the result lists none.</summary>
    public static IReadOnlyList<string> UrlsOf(NormalizedResult result)
    {
        if (result.Redirects is not { } text || NimbleJson.Parse(Encoding.UTF8.GetBytes(text)) is not { } hops)
            return [];
        return [.. hops.EnumerateArray().Select(hop => NimbleJson.Text(hop, "url")).OfType<string>()];
    }

    /// <summary>Whether the URL redirected to the result's page.</summary>
    public static bool Leads(NormalizedResult result, string from) =>
        UrlsOf(result).Any(url => CanonicalUrl.AreSame(url, from));
}
