using Microsoft.Extensions.Options;

namespace Pipeline.Tests;

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
        options.Sweep.PostingLease = options.Nimble.Timeout;

        Assert.Equal(
        [
            "Nimble:ApiKey is missing; set NIMBLE_API_KEY.",
            "Nimble:BaseUrl 'ftp://nimble/' is not an http(s) address.",
            "Nimble:Version '1' is not of the form 'v1'.",
            "Nimble:RequestsPerSecond must be between 0.1 and 10,000.",
            "Delivery:StorageUrl 'file:///tmp/x/' must be an s3:// or gs:// address.",
            "Delivery:CallbackBase needs a key in Delivery:CallbackKeys; make one with 'openssl rand -base64 32'.",
            "Intake:MaxInputsPerSubmission must be between 1 and 1,000.",
            "Collect:MaxDepth must be more than zero.",
            "Sweep:PostingLease (00:03:00) must be longer than Nimble:Timeout (00:03:00): a POST under way must not be taken for a lost one.",
        ], Validate(options).Failures);
    }

    [Theory]
    [InlineData("not base64 at all!")]
    [InlineData("c2hvcnQ=")]
    public void AWeakCallbackKeyIsRefused(string key)
    {
        var options = Valid();
        options.Delivery.CallbackKeys.Add(key);
        Assert.Equal("Delivery:CallbackKeys:0 is not base64 of at least 32 bytes; make one with 'openssl rand -base64 32'.", Assert.Single(Validate(options).Failures!));
    }

    private static PipelineOptions Valid() => new() { Nimble = { ApiKey = "key" } };

    private static ValidateOptionsResult Validate(PipelineOptions options) => new PipelineOptionsValidator().Validate(null, options);
}
