using Pipeline.Collect.Normalize;

namespace Pipeline.Tests.Collect.Normalize;

/// <summary>The redirects that a result lists, in whatever form Nimble writes them.</summary>
public sealed class RedirectChainTests
{
    [Fact]
    public void UrlsComeInOrder() =>
        Assert.Equal(
            ["http://a.example", "https://a.example"],
            Urls("""[{"url":"http://a.example"},{"status":301},{"url":"https://a.example"}]"""));

    [Fact]
    public void ARedirectNestedAsDeepAsAResultMayBeIsPassedOver()
    {
        var deep = $"{string.Concat(Enumerable.Repeat("[", 200))}{string.Concat(Enumerable.Repeat("]", 200))}";
        Assert.Equal(["http://a.example"], Urls($$"""[{"hop":{{deep}}},{"url":"http://a.example"}]"""));
    }

    [Fact]
    public void WhatIsDeeperThanAnyAnswerListsNoRedirects()
    {
        var deep = $"{string.Concat(Enumerable.Repeat("[", 600))}{string.Concat(Enumerable.Repeat("]", 600))}";
        Assert.Empty(Urls(deep));
    }

    private static IReadOnlyList<string> Urls(string redirects) =>
        RedirectChain.UrlsOf(new() { Redirects = redirects });
}
