using Pipeline.Delivery;
using Pipeline.Options;

namespace Pipeline.Tests.Callback;

[Trait("Promise", "3")]
public sealed class CallbackTokensTests
{
    private static readonly string Old = Convert.ToBase64String(Enumerable.Repeat((byte)1, 32).ToArray());
    private static readonly string New = Convert.ToBase64String(Enumerable.Repeat((byte)2, 32).ToArray());

    [Fact]
    public void ATokenIsValidOnlyForItsSubmission()
    {
        var tokens = With(Old);
        var token = TokenOf(tokens, "list-000001");
        Assert.True(tokens.Verify("list-000001", token));
        Assert.False(tokens.Verify("list-000002", token));
        Assert.False(tokens.Verify("list-000001", token[..^1]));
        Assert.False(tokens.Verify("list-000001", ""));
        Assert.False(tokens.Verify("list-000001", token + "é"));
    }

    [Fact]
    public void DuringARotationBothKeysVerifyAndTheFirstSigns()
    {
        var before = TokenOf(With(Old), "s");
        var during = With(New, Old);
        Assert.True(during.Verify("s", before));
        Assert.Equal(TokenOf(With(New), "s"), TokenOf(during, "s"));
        Assert.False(With(New).Verify("s", before));
    }

    [Fact]
    public void TheUrlHasTheRouteOfTheHost() =>
        Assert.StartsWith(
            "https://example.net/base/api/callbacks/list-000001/", With(Old).UrlFor("list-000001")!.AbsoluteUri);

    [Fact]
    public void WithoutACallbackBaseThereIsNoUrl()
    {
        var options = new PipelineOptions();
        options.Delivery.CallbackKeys.Add(Old);
        Assert.Null(new CallbackTokens(Microsoft.Extensions.Options.Options.Create(options)).UrlFor("s"));
    }

    private static CallbackTokens With(params string[] keys)
    {
        var options = new PipelineOptions { Delivery = { CallbackBase = new("https://example.net/base/") } };
        foreach (var key in keys)
            options.Delivery.CallbackKeys.Add(key);
        return new(Microsoft.Extensions.Options.Options.Create(options));
    }

    private static string TokenOf(CallbackTokens tokens, string submissionId) =>
        tokens.UrlFor(submissionId)!.Segments[^1];
}
