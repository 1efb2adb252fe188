using Microsoft.Extensions.Options;
using Pipeline.Options;
using Pipeline.Settings;

namespace Pipeline.Tests.Settings;

public sealed class PipelineOptionsTests
{
    [Fact]
    public void DefaultsWithAKeyAreValid() => Assert.True(Validate(Valid()).Succeeded);

    [Fact]
    public void AllFaultsAreReportedAtOnceEachWithWhatToDo()
    {
        var options = Valid();
        options.Nimble.ApiKey = "";
        options.Nimble.BaseUrl = new("ftp://nimble");
        options.Nimble.Version = "1";
        options.Nimble.RequestsPerSecond = double.NaN;
        options.Delivery.StorageUrl = "file:///tmp/x/";
        options.Delivery.CallbackBase = new("http://localhost:1");
        options.Intake.MaxInputsPerSubmission = 1001;
        options.Collect.MaxDepth = 0;
        options.Collect.FailStatuses = "4xx,abc";
        options.Retry.Delay = TimeSpan.FromDays(8);
        options.Retry.Reasons.Add("domain_refused");
        options.Guards.RefusedDomains.Add("https://a.example/");
        options.Sweep.PostingLease = options.Nimble.Timeout;
        options.Sweep.MaxPollInterval = TimeSpan.FromSeconds(1);

        Assert.Equal(
        [
            "NIMBLE_API_KEY is not set. Set it to the key of your Nimble account.",
            "Pipeline__Nimble__BaseUrl is 'ftp://nimble'. Write an http or https address, such as "
                + "https://sdk.nimbleway.com.",
            "Pipeline__Nimble__Version is '1'. Write v1 or v2.",
            "Pipeline__Delivery__StorageUrl is 'file:///tmp/x/'. Write s3://bucket/prefix/ or gs://bucket/prefix/.",
            "Pipeline__Delivery__CallbackBase needs a key in Pipeline__Delivery__CallbackKeys__0. "
                + "Make one with 'openssl rand -base64 32'.",
            "Pipeline__Nimble__RequestsPerSecond is 'NaN'. Write a number from 0.1 to 10,000, such as 10.",
            "Pipeline__Intake__MaxInputsPerSubmission is '1001'. Write a whole number from 1 to 1,000, such as 1000.",
            "Pipeline__Retry__Delay is '8.00:00:00'. "
                + "Write a time as [days.]hours:minutes:seconds from 00:00:00 to 7.00:00:00, such as 00:00:30.",
            "Pipeline__Collect__MaxDepth is '0'. Write a whole number from 1 to 1,000, such as 256.",
            "Pipeline__Guards__RefusedDomains__0 is 'https://a.example/'. "
                + "Write a domain such as example.com, without scheme, port, path and '*.'.",
            "Pipeline__Retry__Reasons__0 is 'domain_refused', which cannot be retried. "
                + $"Write one of {string.Join(", ", RetryOptions.Possible)}.",
            "Pipeline__Collect__FailStatuses is '4xx,abc'. Write statuses or classes of them with commas "
                + "between, such as 4xx,503.",
            "Pipeline__Sweep__PostingLease (00:03:00) must be longer than Pipeline__Nimble__Timeout (00:03:00): "
                + "an open POST must not be taken for a lost one.",
            "Pipeline__Sweep__MaxPollInterval (00:00:01) must not be shorter than "
                + "Pipeline__Sweep__PollInterval (00:00:02).",
        ], Validate(options).Failures);
    }

    [Theory]
    [InlineData("not base64 at all!")]
    [InlineData("c2hvcnQ=")]
    [Trait("Promise", "6")]
    public void AWeakCallbackKeyIsRefusedAndNotShown(string key)
    {
        var options = Valid();
        options.Delivery.CallbackKeys.Add(key);
        Assert.Equal(
            "Pipeline__Delivery__CallbackKeys__0 is not base64 of at least 32 bytes. Make one with "
                + "'openssl rand -base64 32'.",
            Assert.Single(Validate(options).Failures!));
    }

    [Theory]
    [InlineData("s3://bucket/results/", true)]
    [InlineData("s3://bucket", true)]
    [InlineData("gs://my_bucket.example/a b/ü/", true)]
    [InlineData("s3://bucket/results/ ", false)]
    [InlineData("\"s3://bucket/results/\"", false)]
    [InlineData("s3://bucket/results/'", false)]
    [InlineData("s3://bucket/re\u200bsults/", false)]
    [InlineData("s3://bucket/results/\r", false)]
    [InlineData("s3://bucket/results?versionId=1", false)]
    [InlineData("s3:///results/", false)]
    [InlineData("https://bucket.s3.amazonaws.com/results/", false)]
    public void AStorageUrlMustNameABucket(string url, bool isUsable)
    {
        var options = Valid();
        options.Delivery.StorageUrl = url;
        Assert.Equal(isUsable, Validate(options).Succeeded);
    }

    private static PipelineOptions Valid() => new() { Nimble = { ApiKey = "key" } };

    private static ValidateOptionsResult Validate(PipelineOptions options) =>
        new PipelineOptionsValidator().Validate(null, options);
}
