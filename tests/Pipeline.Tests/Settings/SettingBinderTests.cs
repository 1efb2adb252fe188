using Microsoft.Extensions.Configuration;
using Pipeline.Options;
using Pipeline.Settings;

namespace Pipeline.Tests.Settings;

public sealed class SettingBinderTests
{
    [Fact]
    public void SettingsAreParsedAsTheirTypes()
    {
        var options = Bind(
            ("Pipeline:Nimble:BaseUrl", " https://api.example/ "), ("Pipeline:Nimble:RequestsPerSecond", "0.5"),
            ("Pipeline:Nimble:PricePerUrl", "0.0012"), ("Pipeline:Guards:MaxUrlsPerList", "5000000000"),
            ("Pipeline:Guards:Canary", ""), ("Pipeline:Delivery:Compress", "True"),
            ("Pipeline:Delivery:StorageUrl", "s3://b/p/ "), ("Pipeline:Collect:Content", "REFERENCE"),
            ("Pipeline:Sweep:EvidenceWindow", "1.02:03:04.5"), ("Pipeline:Guards:RefusedDomains:10", "c.example"),
            ("Pipeline:Guards:RefusedDomains:2", "b.example"), ("Pipeline:Guards:RefusedDomains:0", "a.example"),
            ("NIMBLE_API_KEY", "usual"), ("Pipeline:Nimble:ApiKey", "other"));

        Assert.Empty(options.Unreadable);
        Assert.Equal(
            ("https://api.example/", 0.5, 0.0012m, 5_000_000_000, 0, true, "s3://b/p/", ContentMode.Reference),
            (options.Nimble.BaseUrl.AbsoluteUri, options.Nimble.RequestsPerSecond, options.Nimble.PricePerUrl,
                options.Guards.MaxUrlsPerList, options.Guards.Canary, options.Delivery.Compress,
                options.Delivery.StorageUrl, options.Collect.Content));
        Assert.Equal(new TimeSpan(1, 2, 3, 4, 500), options.Sweep.EvidenceWindow);
        Assert.Equal(["a.example", "b.example", "c.example"], options.Guards.RefusedDomains);
        Assert.Equal("usual", options.Nimble.ApiKey);
    }

    /// <summary>TimeSpan.Parse would read 30 as thirty days, and 24:00:00 as twenty-four days.</summary>
    [Theory]
    [InlineData("30")]
    [InlineData("24:00:00")]
    [InlineData("5 minutes")]
    [InlineData("00:60:00")]
    public void AnAmbiguousTimeIsAnError(string text) =>
        Assert.StartsWith($"Pipeline__Sweep__TaskDeadline is '{text}'. Write a time as [days.]hours:minutes:seconds ",
            Assert.Single(Bind(("Pipeline:Sweep:TaskDeadline", text)).Unreadable), StringComparison.Ordinal);

    [Theory]
    [InlineData("https://api.example/v2", "https://api.example/", "v2")]
    [InlineData("https://api.example/v2/", "https://api.example/", "v2")]
    [InlineData("https://api.example/proxy/v1", "https://api.example/proxy/", "v1")]
    [InlineData("https://api.example", "https://api.example/", "v1")]
    [InlineData("https://v2", "https://v2/", "v1")]
    public void AVersionAtTheEndOfTheAddressIsUsed(string address, string root, string version)
    {
        var nimble = Bind(("Pipeline:Nimble:BaseUrl", address)).Nimble;
        Assert.Equal((root, version), (nimble.BaseUrl.AbsoluteUri, nimble.Version));
    }

    [Fact]
    public void TwoVersionsAreAnError() => Assert.Equal(
        "Pipeline__Nimble__BaseUrl ends in v2, and Pipeline__Nimble__Version is 'v1'. Leave the "
            + "version out of the address.",
        Assert.Single(
            Bind(("Pipeline:Nimble:BaseUrl", "https://api.example/v2"), ("Pipeline:Nimble:Version", "v1")).Unreadable));

    [Theory]
    [InlineData("\"https://api.example\"")]
    [InlineData("https://api.example/ x")]
    [InlineData("https://user:secret@api.example/")]
    [InlineData("https://api.example/?key=1")]
    [InlineData("https://")]
    [InlineData("api.example")]
    public void AnInvalidAddressIsAnError(string text) =>
        Assert.StartsWith(
            "Pipeline__Nimble__BaseUrl is '", Assert.Single(Bind(("Pipeline:Nimble:BaseUrl", text)).Unreadable),
            StringComparison.Ordinal);

    [Fact]
    public void AnUnusableSecretIsNotShown()
    {
        var options = Bind(("NIMBLE_API_KEY", "\"hidden key\""), ("Pipeline:Delivery:CallbackKeys:0", "hidden!"));
        Assert.DoesNotContain(
            new PipelineOptionsValidator().Validate(null, options).Failures!,
            fault => fault.Contains("hidden", StringComparison.Ordinal));
    }

    private static PipelineOptions Bind(params IEnumerable<(string Name, string Value)> settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Name, (string?)s.Value))).Build();
        var options = new PipelineOptions();
        SettingBinder.Bind(GivenSettings.From(configuration), options);
        return options;
    }
}
