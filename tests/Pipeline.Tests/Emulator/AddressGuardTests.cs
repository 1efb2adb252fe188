using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Pipeline.Emulator.Pages;

namespace Pipeline.Tests.Emulator;

/// <summary>Users who can submit URLs must not reach addresses that only this machine can reach.</summary>
public sealed class AddressGuardTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("10.1.2.3")]
    [InlineData("100.100.100.200")]
    [InlineData("127.0.0.1")]
    [InlineData("127.9.9.9")]
    [InlineData("168.63.129.16")]
    [InlineData("169.254.169.254")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("2130706433")]
    [InlineData("0x7f000001")]
    [InlineData("0177.0.0.1")]
    [InlineData("127.1")]
    [InlineData("[::]")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::ffff:a9fe:a9fe]")]
    [InlineData("[::127.0.0.1]")]
    [InlineData("[64:ff9b::7f00:1]")]
    [InlineData("[::ffff:0:7f00:1]")]
    [InlineData("[2002:7f00:1::]")]
    [InlineData("[fd00:ec2::254]")]
    [InlineData("[fe80::1%251]")]
    [InlineData("[ff02::1]")]
    [InlineData("localhost")]
    public async Task APrivateAddressIsRefusedInEveryNotation(string host)
    {
        using var http = PageFetcher.CreateClient(() => null, allowPrivate: false);
        var error = await Assert.ThrowsAsync<PageFetchException>(
            () => new PageFetcher(http, allowPrivate: false).FetchAsync(new Uri($"http://{host}:9/"), Ct));
        Assert.Equal(PageFetchException.AddressRefused, error.ErrorType);
        Assert.Contains("--allow-private", error.Message);
    }

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("172.32.0.1")]
    [InlineData("100.128.0.1")]
    [InlineData("2606:4700::1111")]
    [InlineData("::ffff:1.1.1.1")]
    public void PublicAddressesAreAllowed(string address) =>
        Assert.True(AddressRanges.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task ARedirectToAPrivateAddressIsNotFollowed(string host)
    {
        var wasReached = false;
        await using var site = await SampleHost.StartAsync(app =>
        {
            app.MapGet("/to", (string url) => Results.Redirect(url));
            app.MapGet("/secret", () => wasReached = true);
        });
        using var http = PageFetcher.CreateClient(() => site.Url, allowPrivate: false);
        var fetcher = new PageFetcher(http, allowPrivate: false);
        var target = Uri.EscapeDataString($"http://{host}:{site.Url.Port}/secret");
        var error = await Assert.ThrowsAsync<PageFetchException>(
            () => fetcher.FetchAsync(new Uri($"http://sample.test/to?url={target}"), Ct));
        Assert.Equal(PageFetchException.AddressRefused, error.ErrorType);
        Assert.False(wasReached);

        await site.Fetcher.FetchAsync(new Uri($"http://sample.test/to?url={target}"), Ct);
        Assert.True(wasReached);
    }
}
