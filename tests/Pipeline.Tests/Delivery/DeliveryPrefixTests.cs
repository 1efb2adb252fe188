using Pipeline.Delivery;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Delivery;

/// <summary>The delivery prefix of a submission, and what an address under it proves.</summary>
public sealed class DeliveryPrefixTests
{
    private static readonly SubmissionEntry Planned = Some.Submission(count: 1) with { StorageUrl = null };

    [Fact]
    public void TheSecretDependsOnTheKeyAndTheSubmissionAndIsNotTheCallbackToken()
    {
        var tokens = Tokens('k');
        var secret = tokens.PrefixSecretFor(Planned.SubmissionId)!;
        Assert.Equal(secret, Tokens('k').PrefixSecretFor(Planned.SubmissionId));
        Assert.NotEqual(secret, tokens.PrefixSecretFor("list-000001"));
        Assert.NotEqual(secret, Tokens('l').PrefixSecretFor(Planned.SubmissionId));
        Assert.False(tokens.Verify(Planned.SubmissionId, secret));
        Assert.Null(
            new CallbackTokens(
                Microsoft.Extensions.Options.Options.Create(
                    new PipelineOptions())).PrefixSecretFor(Planned.SubmissionId));
    }

    [Fact]
    public void ASecretPrefixIsDistinguishedFromAnOlderOne()
    {
        var secret = Tokens('k').PrefixSecretFor(Planned.SubmissionId);
        var prefix = DeliveryPrefix.Of("s3://bucket/x", Planned, secret);
        Assert.Equal($"s3://bucket/x/list/list-000000-{secret}/", prefix);
        Assert.True(DeliveryPrefix.IsUnguessable(Planned with { StorageUrl = prefix }));
        Assert.Equal("s3://bucket/x/list/list-000000/", DeliveryPrefix.Of("s3://bucket/x", Planned, secret: null));
        foreach (var other
            in (string?[])[null, "s3://bucket/x/list/list-000000/", "s3://bucket/x/"
                + $"list/list-000001-{secret}/", prefix[..^2] + "/"])
            Assert.False(DeliveryPrefix.IsUnguessable(Planned with { StorageUrl = other }));
    }

    [Fact]
    public void ALaterPostKeepsThePrefixWhileTheBaseIsTheSame()
    {
        var old = Planned with { StorageUrl = "s3://bucket/x/list/list-000000/" };
        Assert.Equal(old.StorageUrl, DeliveryPrefix.Of("s3://bucket/x", old, new string('a', 32)));
        Assert.Equal(
            $"s3://bucket/y/list/list-000000-{new string('a', 32)}/",
            DeliveryPrefix.Of("s3://bucket/y", old, new string('a', 32)));
    }

    [Theory]
    [InlineData("https://hooks/api/callbacks/list-000000/token", true)]
    [InlineData("s3://bucket/x/list/list-000000-0123456789abcdef0123456789abcdef/t.json", true)]
    [InlineData("s3://bucket/x/list/list-000000-0123456789abcdef0123456789abcdef", true)]
    [InlineData("s3://bucket/x/list/list-000000-1123456789abcdef0123456789abcdef/t.json", false)]
    [InlineData("https://hooks/api/callbacks/list-000001/token", false)]
    public void AnAddressNamesASubmissionByItsCallbackPathOrPrefix(string address, bool isNamed)
    {
        var submission = Planned with
        {
            StorageUrl = "s3://bucket/x/list/list-000000-0123456789abcdef0123456789abcdef/",
        };
        Assert.Equal(isNamed, DeliveryPrefix.IsNamedBy(submission, address));
    }

    [Theory]
    [InlineData("https://b.s3.amazonaws.com/x/other/other-000003-r2-0123456789abcdef0123456789abcdef/t.json", true)]
    [InlineData("s3://bucket/list/list-000000/t.json", true)]
    [InlineData("s3://bucket/list/another-000000/t.json", false)]
    [InlineData("https://api.nimbleway.com/v1/tasks/list-000000/results", false)]
    public void AnAddressUnderThePrefixOfAnySubmissionIsRecognized(string address, bool isUnderOne) =>
        Assert.Equal(isUnderOne, DeliveryPrefix.IsUnderOne(address));

    private static CallbackTokens Tokens(char key)
    {
        var options = new PipelineOptions();
        options.Delivery.CallbackKeys.Add(
            Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(new string(key, 32))));
        return new(Microsoft.Extensions.Options.Options.Create(options));
    }
}
