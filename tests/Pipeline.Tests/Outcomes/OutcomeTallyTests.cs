using Pipeline.Model;
using Pipeline.Outcomes;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Outcomes;

/// <summary>A submission's tally equals the count of its inputs.</summary>
[Trait("Promise", "1")]
public sealed class OutcomeTallyTests
{
    private static readonly IReadOnlyList<InputEntry> Inputs =
    [
        Input(InputState.Recorded, DiscoveredBy.Webhook, 200),
        Input(InputState.Recorded, DiscoveredBy.Sweep, 404),
        Input(InputState.Recorded, DiscoveredBy.Webhook, null),
        Input(InputState.Failed, DiscoveredBy.None, null, FailureReasons.TaskExpired),
        Input(InputState.Moved, DiscoveredBy.Listing, 200),
    ];

    [Fact]
    public void InputsAreCountedOnceByOutcomeWithoutThoseThatMoved()
    {
        var tally = OutcomeTally.Of(Inputs);
        Assert.Equal((3, 1, 4), (tally.Records, tally.Failures, tally.Total));
        Assert.Equal(new() { ["none"] = 1, ["sweep"] = 1, ["webhook"] = 2 }, tally.DiscoveredBy);
        Assert.Equal(new() { ["200"] = 1, ["404"] = 1, ["unknown"] = 1 }, tally.RecordsByHttpStatus);
        Assert.Equal(new() { [FailureReasons.TaskExpired] = 1 }, tally.FailuresByReason);
    }

    [Fact]
    public void TheSumOfStoredTalliesIsTheTallyOfAll()
    {
        var sum = new OutcomeTally();
        foreach (var part in Inputs.Chunk(2))
            sum.Add(OutcomeTally.Read(OutcomeTally.Of(part).ToString())!);
        Assert.Equal(OutcomeTally.Of(Inputs).ToString(), sum.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"records":"many"}""")]
    public void WhatIsNoTallyCountsAsNone(string? json) => Assert.Null(OutcomeTally.Read(json));

    private static InputEntry Input(InputState state, DiscoveredBy by, int? status, string? reason = null) =>
        Some.Input("list-000000", 0) with { State = state, DiscoveredBy = by, HttpStatus = status, Reason = reason };
}
