using System.Text.Json;
using Pipeline.Delivery;
using Pipeline.Nimble.Replies;
using Pipeline.Options;
using Pipeline.Submit.Evidence;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Submit.Evidence;

/// <summary>What batches and tasks at the API reveal about their owner.</summary>
public sealed class LostListCollectorTests
{
    private static readonly PipelineOptions Settings = MakeSettings();
    private static readonly CallbackTokens Tokens = new(Microsoft.Extensions.Options.Options.Create(Settings));

    private readonly LostListCollector _found =
        new(new(Tokens, Microsoft.Extensions.Options.Options.Create(Settings)));

    [Fact]
    public void TasksThatEchoNothingNameNobody()
    {
        _found.Add([], Some.Time);
        _found.Add([new() { Id = "t-1", State = "success" }], Some.Time);
        _found.Add([Task("t-2", """{"url":"https://www.example.com/"}""")], Some.Time);

        Assert.Equal((3, 0), (_found.Unnamed, _found.OfOtherKeys));
        Assert.Empty(_found.Submissions);
    }

    [Fact]
    public void DeliveryToSomebodyElseIsNoConcernOfOurs()
    {
        _found.Add([new() { Id = "t-1", Addresses = ["https://hooks.example.com/done"] }], Some.Time);

        Assert.Equal((0, 0), (_found.Unnamed, _found.OfOtherKeys));
        Assert.Empty(_found.Submissions);
    }

    [Fact]
    [Trait("Promise", "2")]
    public void ASubmissionThatWasPostedTwiceCountsBothTimes()
    {
        var callback = Tokens.UrlFor("shops-000000")!.AbsoluteUri;
        _found.Add(
            [
                Task("t-1", """{"url":"https://a.example.com/"}""") with { Addresses = [callback] },
                new() { Id = "t-2" },
            ], Some.Time);
        _found.Add([new() { Id = "t-3", Addresses = [callback] }], Some.Time.AddHours(1));

        Assert.Equal(
            new("shops-000000", 3, Some.Time, "https://a.example.com/"), Assert.Single(_found.Submissions));
    }

    private static NimbleTask Task(string id, string input) =>
        new() { Id = id, Input = JsonElement.Parse(input) };

    private static PipelineOptions MakeSettings()
    {
        var options = new PipelineOptions();
        options.Delivery.CallbackBase = new("https://pipeline.example.com/");
        options.Delivery.CallbackKeys.Add(Convert.ToBase64String(new byte[32]));
        return options;
    }
}
