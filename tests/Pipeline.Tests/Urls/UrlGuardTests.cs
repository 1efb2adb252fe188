using Pipeline.Model;
using Pipeline.Tests.Intake;
using Pipeline.Urls;

namespace Pipeline.Tests.Urls;

public sealed class UrlGuardTests
{
    public static TheoryData<string> PrivateUrls =>
        [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001:80/",
            "http://0177.0.0.1/",
            "http://127.0.0.1./",
            "http://0x7f.0.0.0x1/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://0.0.0.0/",
            "http://168.63.129.16/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]:8080/",
            "http://[64:ff9b::127.0.0.1]/",
            "http://[::ffff:0:127.0.0.1]/",
            "http://[fe80::1]/",
            "http://[fd00::1]/",
            "http://localhost:8080/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://metadata.google.internal/computeMetadata/v1/",
            "http://METADATA.Google.Internal./",
            "http://metadata.azure.internal/",
            "http://instance-data.ec2.internal/",
            "http://instance-data/latest/meta-data/",
            "http://metadata/",
            "http://printer.local/",
            "http://router.home.arpa/",
            "http://host.localdomain/",
            "http://ｍetadata.google.ⓘnternal/",
            "http://１２７.0.0.1/",
            "http://127。0。0。1/",
            "http://①②⑦.0.0.1/",
            "http://ｌｏｃａｌｈｏｓｔ/",
            "http://ⓛocalhost/",
            "http://localhoſt/",
        ];

    public static TheoryData<string> Disguises =>
        [
            "https://ｒefused.example/",
            "https://refuſed.example/",
            "https://REFUSED.EXAMPLE/",
            "https://refused.example./",
            "https://refused。example/",
            "https://ⓡefused.example/",
            "https://𝐫efused.example/",
            "https://www.refused.exaｍple:8080/",
            "https://bu\u0308cher.example/",
            "https://BÜCHER.example/",
            "https://b\u00fccher。example/",
            "https://XN--BCHER-KVA.example/",
            "https://refused.example\\@allowed.example/",
            "https://[::ffff:9.9.9.9]/",
            "https://0x09.011.9.9/",
        ];

    [Theory]
    [MemberData(nameof(PrivateUrls))]
    [InlineData("https://user:secret@www.example.com/")]
    [InlineData("https://user@www.example.com/")]
    public async Task AUrlOfAPrivateNetworkIsNotSubmittedUnlessAllowed(string url)
    {
        foreach (var isAllowed in new[] { false, true })
        {
            var world = new IntakeWorld();
            world.Options.Intake.AllowPrivate = isAllowed;
            var list = await world.HandleAsync($"https://www.example.com/\n{url}\n");
            Assert.Equal((2L, 0L), (list.Inputs, list.Invalid));
            Assert.Equal(isAllowed ? 2 : 1, world.Good.Count());
            if (isAllowed)
                continue;
            var failure = Assert.Single(world.Failures.Values);
            Assert.Equal((FailureReasons.DomainRefused, url), (failure.Reason, failure.Url));
            Assert.EndsWith(
                "with --allow-private (Intake:AllowPrivate) and submit the URL in a new list.",
                failure.Message,
                StringComparison.Ordinal
            );
        }
    }

    [Theory]
    [MemberData(nameof(Disguises))]
    public async Task ARefusedDomainIsRefusedInEveryDisguise(string url)
    {
        var world = new IntakeWorld();
        foreach (var domain in new[] { "refused.example", "bücher.example", "9.9.9.9" })
            world.Options.Guards.RefusedDomains.Add(domain);
        await world.HandleAsync($"https://allowed.example/\n{url}\n");
        Assert.Equal("https://allowed.example/", Assert.Single(world.Good).Url);
    }

    [Theory]
    [InlineData("https://1.1.1.1/")]
    [InlineData("https://[2606:4700::1111]/")]
    [InlineData("https://localhost.example.com/")]
    [InlineData("https://internal.example.com/")]
    [InlineData("https://www.notinternal/")]
    [InlineData("https://local.example/")]
    [InlineData("https://arpa/")]
    [InlineData("https://www.example.com/@user:password")]
    [InlineData("https://www.example.com/?u=http://127.0.0.1/")]
    [InlineData("https://127.0.0.1.nip.example/")]
    [InlineData("http://sample.test/")]
    public void AUrlOfThePublicInternetIsAllowed(string url) =>
        Assert.Null(new UrlGuard(new(), allowPrivate: false).Check(url));

    [Theory]
    [InlineData("https://1.2.3.4.5/")]
    [InlineData("https://256.0.0.1/")]
    [InlineData("https://a\u0378b.example/")]
    [InlineData("https://xn--a.example/")]
    [InlineData("https://\u0301a.example/")]
    [InlineData("https://a%00b.example/")]
    [InlineData("https://%6cocalhost/")]
    public async Task AHostThatNoBrowserWouldResolveIsABadLine(string url)
    {
        var world = new IntakeWorld();
        var list = await world.HandleAsync($"https://allowed.example/\n{url}\n");
        Assert.Equal(1, list.Invalid);
        Assert.Contains("has no valid host", Assert.Single(world.Failures.Values).Message, StringComparison.Ordinal);
    }
}
