using System.Text.Json;
using Pipeline.Nimble;
using Pipeline.Urls;

namespace Pipeline.Collect.Normalize;

/// <summary>The URLs by which a page was reached, as the result tells them in <c>data.redirects</c>.</summary>
internal static class RedirectChain
{
    /// <summary>The URLs that redirected, in their order; none where the result tells of no redirect.</summary>
    public static IReadOnlyList<string> UrlsOf(NormalizedResult result)
    {
        if (result.Redirects is not { } json)
            return [];
        var hops = JsonElement.Parse(json);
        return [.. hops.EnumerateArray().Select(hop => NimbleJson.Text(hop, "url")).OfType<string>()];
    }

    /// <summary>Whether the page was reached by a redirect of this URL.</summary>
    public static bool Leads(NormalizedResult result, string from) =>
        UrlsOf(result).Any(url => CanonicalUrl.AreSame(url, from));
}
