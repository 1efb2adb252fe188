using Pipeline.Urls;

namespace Pipeline.Tests.Urls;

public sealed class CanonicalUrlTests
{
    [Theory]
    [InlineData("https://bücher.example/", "https://xn--bcher-kva.example/")]
    [InlineData("https://BÜCHER.example/", "https://bücher.example/")]
    [InlineData("https://bu\u0308cher.example/", "https://bücher.example/")]
    [InlineData("https://XN--BCHER-KVA.example/", "https://bücher.example/")]
    [InlineData("https://例え。テスト/", "https://xn--r8jz45g.xn--zckzah/")]
    [InlineData("https://EXAMPLE.com", "https://example.com/")]
    [InlineData("HTTPS://example.com:443/", "https://example.com/")]
    [InlineData("http://example.com:80?x", "http://example.com/?x")]
    [InlineData("http://example.com:0080/", "http://example.com:/")]
    [InlineData("https://example.com/a/./b/../c", "https://example.com/a/c")]
    [InlineData("https://example.com/%7euser/%c3%bc", "https://example.com/~user/ü")]
    [InlineData("https://example.com/a%2fb", "https://example.com/a%2Fb")]
    [InlineData("https://example.com/?q=it's|<b>", "https://example.com/?q=it%27s%7c%3Cb%3e")]
    [InlineData("https://example.com/#top", "https://example.com/")]
    [InlineData("https://user:pw@Example.com/", "https://user:pw@example.com/")]
    [InlineData("http://0x7f.1/", "http://127.0.0.1/")]
    [InlineData("http://2130706433/", "http://[::ffff:127.0.0.1]/")]
    [InlineData("http://[2001:DB8:0:0::1]/", "http://[2001:db8::1]/")]
    public void DifferentSpellingsOfOneUrlAreTheSame(string one, string other)
    {
        Assert.Equal(CanonicalUrl.Of(one), CanonicalUrl.Of(other));
        Assert.Equal(CanonicalUrl.Of(one), CanonicalUrl.Of(CanonicalUrl.Of(one)));
        Assert.True(CanonicalUrl.AreSame(one, other));
    }

    [Theory]
    [InlineData("https://example.com/a", "https://example.com/A")]
    [InlineData("https://example.com/", "http://example.com/")]
    [InlineData("https://example.com/", "https://example.com:80/")]
    [InlineData("https://example.com/a%2Fb", "https://example.com/a/b")]
    [InlineData("https://example.com/?a=1&b=2", "https://example.com/?b=2&a=1")]
    [InlineData("https://example.com/a/", "https://example.com/a")]
    [InlineData("https://faß.de/", "https://fass.de/")]
    [InlineData("https://user@example.com/", "https://example.com/")]
    [InlineData("not a url", "not a  url")]
    public void DifferentUrlsAreNotTheSame(string one, string other) => Assert.False(CanonicalUrl.AreSame(one, other));

    [Fact]
    public void AFragmentIsKeptOnlyOnRequest()
    {
        Assert.Equal("https://a.example/#Ü", CanonicalUrl.WithFragment("HTTPS://A.example#Ü"));
        Assert.Equal("https://a.example/", CanonicalUrl.WithFragment("HTTPS://A.example"));
    }

    [Theory]
    [InlineData("https://good.example\\@evil.example/", "good.example")]
    [InlineData("https://evil.example:pw@good.example/", "good.example")]
    [InlineData("https:\\\\good.example/", "good.example")]
    [InlineData("https://[::1]:8080/", "[::1]")]
    [InlineData("ftp://good.example/", null)]
    [InlineData("https://ex\u200dample.com/", null)]
    public void TheHostIsTheOneABrowserWouldContact(string url, string? host) =>
        Assert.Equal(host, CanonicalUrl.HostOf(url));
}
