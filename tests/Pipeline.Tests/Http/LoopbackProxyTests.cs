using System.Net;
using Pipeline.Http;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Http;

/// <summary>Requests to this machine and to metadata services never go through a proxy.</summary>
public sealed class LoopbackProxyTests
{
    private readonly LoopbackProxy _proxy = new(new WebProxy("http://proxy.example:3128"));

    [Theory]
    [InlineData("http://localhost:5005/v1")]
    [InlineData("http://bucket.localhost/")]
    [InlineData("http://127.0.0.1/")]
    [InlineData("https://127.8.9.10:8443/")]
    [InlineData("http://[::1]:10000/")]
    [InlineData("http://[::ffff:127.0.0.1]/")]
    [InlineData("http://0.0.0.0:5005/")]
    [InlineData("http://169.254.169.254/metadata/identity")]
    [InlineData("http://[fe80::1]/")]
    public void AddressesOfThisMachineAreRequestedDirectly(string address)
    {
        Assert.True(_proxy.IsBypassed(new(address)));
        Assert.Null(_proxy.GetProxy(new(address)));
    }

    [Theory]
    [InlineData("https://api.example.com/v1")]
    [InlineData("http://10.0.0.7/")]
    [InlineData("http://localhost.example.com/")]
    [InlineData("http://[2001:db8::1]/")]
    public void OtherAddressesAreRequestedThroughTheProxy(string address)
    {
        Assert.False(_proxy.IsBypassed(new(address)));
        Assert.Equal("http://proxy.example:3128/", _proxy.GetProxy(new(address))!.AbsoluteUri);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("s3://results/")]
    [InlineData("gs://results/")]
    public async Task ARunOnThisMachineNeverUsesTheProxy(string? storageUrl)
    {
        await using var proxy = await TestServer.StartAsync(TestServer.Json("{}", 502));
        using var folder = new TempFolder();
        string[] storage = storageUrl is null ? [] : ["--storage-url", storageUrl];
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["run", .. storage, "--out", folder.Path],
            ("http_proxy", proxy.Address.AbsoluteUri), ("HTTPS_PROXY", proxy.Address.AbsoluteUri), ("no_proxy", ""));

        Assert.True(exitCode == 0, error);
        Assert.Empty(proxy.Seen);
    }

    [Fact]
    public async Task DoctorNeverUsesTheProxyForThisMachine()
    {
        await using var proxy = await TestServer.StartAsync(TestServer.Json("{}", 502));
        await using var api = await TestServer.StartAsync(
            TestServer.Json("""{"data":[],"pagination":{"has_next":false}}"""));
        await CliProcess.RunAsync(
            ["doctor", "--api", api.Address.AbsoluteUri, "--storage-url", "s3://results/"],
            ("NIMBLE_API_KEY", "key"), ("AWS_ENDPOINT_URL_S3", api.Address.AbsoluteUri), ("AWS_ACCESS_KEY_ID", "k"),
            ("AWS_SECRET_ACCESS_KEY", "s"), ("http_proxy", proxy.Address.AbsoluteUri), ("no_proxy", ""));

        Assert.NotEmpty(api.Seen);
        Assert.Empty(proxy.Seen);
    }
}
