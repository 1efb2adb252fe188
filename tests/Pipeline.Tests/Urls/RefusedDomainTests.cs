using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Settings;
using Pipeline.Tests.Intake;

namespace Pipeline.Tests.Urls;

public sealed class RefusedDomainTests
{
    [Theory]
    [InlineData("https://refused.example/")]
    [InlineData("http://REFUSED.example:8080?x")]
    [InlineData("https://deep.www.refused.example./a")]
    [InlineData("https://user:password@refused.example/")]
    [InlineData("https://allowed.example@refused.example/")]
    [InlineData("https://a_b.refused.example/")]
    [InlineData("https://-.refused.example/")]
    [InlineData("https://bücher.example/")]
    [InlineData("https://xn--bcher-kva.example/")]
    public async Task AUrlOfARefusedDomainIsAFailureAndIsNotSubmitted(string url)
    {
        var world = Refusing();
        var list = await world.HandleAsync(
            $$"""{"inputs":["https://allowed.example/",{"url":"{{url}}","country":"FR"}],"shared_inputs":{"render":"""
                + """true} }""");
        Assert.Equal((2L, 0L), (list.Inputs, list.Invalid));
        Assert.Equal("https://allowed.example/", Assert.Single(world.Good).Url);
        var failure = Assert.Single(world.Failures.Values);
        Assert.Equal(
            (url, FailureReasons.DomainRefused, "intake", false),
            (failure.Url, failure.Reason, failure.Stage, failure.Retryable));
        Assert.True(failure.Input!.Value.GetProperty("render").GetBoolean());
        Assert.StartsWith("Item 2 of the list was not submitted: Guards:RefusedDomains has '", failure.Message);
    }

    [Theory]
    [InlineData("https://notrefused.example/")]
    [InlineData("https://refused.example.org/")]
    [InlineData("https://other.example/?u=refused.example")]
    [InlineData("https://refused.example@other.example/")]
    [InlineData("https://example/")]
    public async Task AUrlThatOnlyResemblesARefusedDomainIsSubmitted(string url)
    {
        var world = Refusing();
        world.Options.Intake.AllowPrivate = true;
        await world.HandleAsync(url);
        Assert.Equal(url, Assert.Single(world.Good).Url);
        Assert.Empty(world.Failures);
    }

    [Fact]
    public async Task AListOfRefusedUrlsOnlyIsAcceptedAndRepeatingItChangesNothing()
    {
        var world = Refusing();
        var list = await world.HandleAsync(
            "https://refused.example/1\nhttps://refused.example/2\nhttps://refused.example/1\n");
        Assert.Equal((2L, 1L, 1, ListState.Open), (list.Inputs, list.Duplicates, list.Submissions, list.State));
        Assert.Empty(world.Sent);
        var before = world.Snapshot();
        await world.HandleAsync("https://refused.example/1\nhttps://refused.example/2\nhttps://refused.example/1\n");
        Assert.Equal(before, world.Snapshot());
    }

    [Theory]
    [InlineData("https://x.example")]
    [InlineData("*.x.example")]
    [InlineData(".x.example")]
    [InlineData("x.example/path")]
    [InlineData(" ")]
    public void AnInvalidRefusedDomainIsReportedAtStart(string domain)
    {
        var options = new PipelineOptions { Nimble = { ApiKey = "k" } };
        options.Guards.RefusedDomains.Add(domain);
        Assert.Contains(
            new PipelineOptionsValidator().Validate(null, options).Failures!,
            fault =>
                fault.StartsWith(
                    $"Pipeline__Guards__RefusedDomains__0 is '{domain}'. Write ", StringComparison.Ordinal));
    }

    private static IntakeWorld Refusing()
    {
        var world = new IntakeWorld();
        world.Options.Guards.RefusedDomains.Add("Refused.example");
        world.Options.Guards.RefusedDomains.Add("bücher.example");
        return world;
    }
}
