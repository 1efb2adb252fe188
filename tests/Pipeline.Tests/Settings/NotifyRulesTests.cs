using Pipeline.Options;
using Pipeline.Settings;

namespace Pipeline.Tests.Settings;

/// <summary>Invalid settings of notifications, and their error messages.</summary>
public sealed class NotifyRulesTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    [Theory]
    [InlineData("https://hooks.example.com/a?code=x", Secret, false)]
    [InlineData("https://hooks.example.com/", Secret + " MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false)]
    [InlineData("http://127.0.0.1:8080/", Secret, true)]
    [InlineData(null, null, false)]
    public void TheseAreUsable(string? url, string? secret, bool allowPrivate) =>
        Assert.Empty(Check(url, secret, allowPrivate));

    [Theory]
    [InlineData("hooks.example.com", Secret, "Pipeline__Notify__Url is not an address. ")]
    [InlineData("ftp://hooks.example.com/", Secret, "Pipeline__Notify__Url is not an address. ")]
    [InlineData("https://u:hidden@hooks.example.com/", Secret, "Pipeline__Notify__Url contains a user name")]
    [InlineData("http://hooks.example.com/", Secret, "Pipeline__Notify__Url is not https. ")]
    [InlineData("https://localhost/", Secret, "Pipeline__Notify__Url is an address of this machine")]
    [InlineData("https://2130706433/", Secret, "Pipeline__Notify__Url is an address of this machine")]
    [InlineData("https://[::ffff:169.254.169.254]/", Secret, "Pipeline__Notify__Url is an address of this machine")]
    [InlineData("https://hooks.example.com/", null, "Pipeline__Notify__Url needs a secret in Pipeline__Notify__Secret")]
    [InlineData("https://hooks.example.com/", " ", "Pipeline__Notify__Url needs a secret in Pipeline__Notify__Secret")]
    [InlineData("https://hooks.example.com/", "hidden", "Pipeline__Notify__Secret is not base64 of 24 to 64 bytes")]
    [InlineData("https://hooks.example.com/", Secret + " short", "Pipeline__Notify__Secret is not base64")]
    public void TheseAreNotAndNoMessageRepeatsASecret(string url, string? secret, string start)
    {
        var fault = Assert.Single(Check(url, secret, allowPrivate: false));

        Assert.StartsWith(start, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", fault, StringComparison.Ordinal);
    }

    private static List<string> Check(string? url, string? secret, bool allowPrivate) =>
    [
        .. NotifyRules.Check(
            new PipelineOptions { Notify = { Url = url, Secret = secret, AllowPrivate = allowPrivate } }),
    ];
}
