using Pipeline.Urls;

namespace Pipeline.Tests.Urls;

/// <summary>
/// Hosts are compared as a browser resolves them. The values come from the UTS 46 conformance data and the URL
/// standard's tests.
/// </summary>
public sealed class HostNameTests
{
    [Theory]
    [InlineData("Example.COM", "example.com")]
    [InlineData("a_b.example", "a_b.example")]
    [InlineData("ｅｘａｍｐｌｅ．com", "example.com")]
    [InlineData("ex\u00adample.com", "example.com")]
    [InlineData("ſexample.com", "sexample.com")]
    [InlineData("\u212Aelvin.com", "kelvin.com")]
    [InlineData("ⓔxample.com", "example.com")]
    [InlineData("𝐞xample.com", "example.com")]
    [InlineData("%65xample.com", "example.com")]
    [InlineData("b%C3%BCcher.example", "xn--bcher-kva.example")]
    [InlineData("Fußball.example", "xn--fuball-cta.example")]
    [InlineData("☃.net", "xn--n3h.net")]
    [InlineData("💩.la", "xn--ls8h.la")]
    [InlineData("日本語。ＪＰ", "xn--wgv71a119e.jp")]
    [InlineData("القيادة.example", "xn--mgbagx7gl7b.example")]
    [InlineData("אב1.com", "xn--1-zhcd.com")]
    [InlineData("ΒΌΛΟΣ.com", "xn--nxasmq6b.com")]
    [InlineData("βόλος.com", "xn--nxasmm1c.com")]
    [InlineData("e\u0323\u0301.com", "xn--lsa503l.com")]
    [InlineData("\u00e9\u0323.com", "xn--lsa503l.com")]
    [InlineData("\u1100\u1161\u11a8.com", "xn--p39a.com")]
    [InlineData("نامه\u200cای.com", "xn--mgba3gch31f060k.com")]
    [InlineData("ශ්\u200dරී.com", "xn--10cl1a0b660p.com")]
    [InlineData("１２７.0.0.1", "127.0.0.1")]
    [InlineData("0177.0.0.01", "127.0.0.1")]
    [InlineData("127.1.", "127.0.0.1")]
    [InlineData("[::ffff:7f00:1]", "127.0.0.1")]
    [InlineData("[::1]", "[::1]")]
    [InlineData("example.com.", "example.com.")]
    public void EveryHostHasOneCanonicalForm(string host, string canonical)
    {
        Assert.Equal(canonical, HostName.Canonicalize(host));
        Assert.Equal(canonical, HostName.Canonicalize(canonical));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\u00ad")]
    [InlineData("ex\u200dample.com")]
    [InlineData("ex\u200cample.com")]
    [InlineData("\u202eexample.com")]
    [InlineData("exa mple.com")]
    [InlineData("exa%00mple.com")]
    [InlineData("℀.example")]
    [InlineData("xn--a.example")]
    [InlineData("xn--bcher-2pa.example")]
    [InlineData("xn--xample-hy68a.com")]
    [InlineData("xn--.example")]
    [InlineData("\u0301a.example")]
    [InlineData("\ud800.example")]
    [InlineData("1.2.3.4.5")]
    [InlineData("256.256.256.256")]
    [InlineData("[::1")]
    [InlineData("[not an address]")]
    public void AHostThatNoBrowserResolvesHasNoCanonicalForm(string host) => Assert.Null(HostName.Canonicalize(host));
}
