using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Objects late, missing and damaged: nothing damaged is emitted, and what is whole somewhere is found.</summary>
public abstract class ObjectFaultSuite(Servers? azure) : FaultSuite(azure)
{
    [Theory]
    [InlineData("object_late_ms=1000")]
    [InlineData("object_missing,object_heal_ms=600")]
    [InlineData("object_truncated,object_heal_ms=600")]
    [InlineData("object_bitflip,object_heal_ms=600")]
    [InlineData("object_empty,object_heal_ms=600")]
    [InlineData("object_trailing,object_heal_ms=600")]
    [InlineData("object_mislabelled")]
    public async Task AnObjectThatIsLateOrHealsIsWaitedForAndReadFromTheBucket(string faults)
    {
        var outcome = await AllBecomeRecordsAsync(faults);
        Assert.All(outcome.Records, r => Assert.StartsWith("s3://", r.GetProperty("source").GetProperty("uri").GetString()));
    }

    [Fact]
    public async Task AnOutageOfTheStoreIsWaitedOutHoweverManyTriesItTakes()
    {
        await using var rig = await StartAsync();
        var listings = Enumerable.Repeat(new Fault(), 1);
        var outage = Enumerable.Repeat(new Fault { Status = 503 }, 25 * Count);
        await using var proxy = await FaultProxy.StartAsync(rig.Emulator.BaseAddress, [.. listings, .. outage]);
        var settings = rig.Settings(rig.List(Rig.Urls(Count)));
        var outcome = await rig.RunAsync(settings with
        {
            Stores = settings.Stores with { S3Endpoint = new(proxy.Address, "s3"), MaxTries = 2, FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(5) },
        });
        Assert.Equal((ExitCodes.Complete, Count), (outcome.ExitCode, outcome.Records.Count));
        Assert.True(proxy.Seen.Count > 25 * Count);
    }

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
