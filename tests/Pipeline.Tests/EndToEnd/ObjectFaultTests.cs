namespace Pipeline.Tests.EndToEnd;

/// <summary>Objects late, missing and damaged: nothing damaged is emitted, and what is whole somewhere is found.</summary>
public sealed class ObjectFaultTests : FaultTests
{
    [Theory]
    [InlineData("object_late_ms=1000")]
    [InlineData("object_missing,object_heal_ms=600")]
    [InlineData("object_truncated,object_heal_ms=600")]
    [InlineData("object_bitflip,object_heal_ms=600")]
    [InlineData("object_empty,object_heal_ms=600")]
    [InlineData("object_trailing,object_heal_ms=600")]
    [InlineData("object_mislabelled")]
    public Task EveryUrlStillBecomesARecord(string faults) => AllBecomeRecordsAsync(faults);

    [Theory]
    [InlineData("object_missing")]
    [InlineData("object_truncated")]
    [InlineData("object_bitflip")]
    [InlineData("object_empty")]
    [InlineData("object_trailing")]
    [InlineData("object_truncated,webhook_lost")]
    public async Task AResultThatTheBucketNeverHasWholeIsRescuedFromTheApi(string faults)
    {
        var outcome = await AllBecomeRecordsAsync(faults);
        Assert.All(outcome.Records, r => Assert.StartsWith("http://127.0.0.1", r.GetProperty("source").GetProperty("uri").GetString()));
    }
}
