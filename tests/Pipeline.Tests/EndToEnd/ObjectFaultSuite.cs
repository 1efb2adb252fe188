using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// Late, missing and damaged objects: no damaged one is emitted, and a whole copy is found wherever it is.
/// </summary>
[Trait("Promise", "8")]
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
    [Trait("Promise", "4")]
    public async Task ALateOrHealingObjectIsWaitedForAndReadFromTheBucket(string faults)
    {
        var outcome = await AllBecomeRecordsAsync(faults, tuning: ("Collect:ObjectDeadline", "00:10:00"));
        Assert.All(outcome.Records, r => Assert.StartsWith("s3://", SourceOf(r)));
    }

    [Theory]
    [InlineData("s3", "store_refused_ms=6000")]
    [InlineData("s3", "store_refused_ms=1000,store_refusal=ExpiredToken")]
    [InlineData("s3", "store_refused_ms=1000,store_refusal=InvalidAccessKeyId,webhook_lost")]
    [InlineData("s3", "store_refused_ms=1000,store_refusal=RequestTimeout")]
    [InlineData("s3", "store_clock_s=7200")]
    [InlineData("s3", "store_busy=9,store_timeout=9,store_cut=9")]
    [InlineData("s3", "object_etag")]
    [InlineData("gs", "store_refused_ms=1000")]
    [InlineData("gs", "store_refused_ms=1000,store_refusal=ExpiredToken")]
    [InlineData("gs", "store_busy=9,store_cut=9")]
    public async Task AnObjectRefusedForAWhileIsWaitedForAndReadFromTheBucket(string scheme, string faults)
    {
        var outcome = await AllBecomeRecordsAsync(
            faults, $"{scheme}://results/tests/", ("Collect:ObjectDeadline", "00:10:00"));
        Assert.All(outcome.Records, r => Assert.StartsWith($"{scheme}://", SourceOf(r)));
    }

    [Fact]
    public async Task AnArchivedObjectIsReadFromTheApiAtOnce()
    {
        var outcome = await AllBecomeRecordsAsync("object_archived", tuning: ("Collect:ObjectDeadline", "01:00:00"));
        Assert.All(outcome.Records, r => Assert.StartsWith("http://127.0.0.1", SourceOf(r)));
    }

    [Fact]
    public async Task AnObjectThatStaysRefusedIsReadFromTheApiAfterTheDeadline()
    {
        var outcome = await AllBecomeRecordsAsync("store_refused_ms=600000");
        Assert.All(outcome.Records, r => Assert.StartsWith("http://127.0.0.1", SourceOf(r)));
    }

    [Fact]
    public async Task AnOutageOfTheStoreIsWaitedOutHoweverManyAttemptsItTakes()
    {
        await using var rig = await StartAsync();
        var listings = Enumerable.Repeat(new Fault(), 1);
        var outage = Enumerable.Repeat(new Fault { Status = 503 }, 25 * Count);
        await using var proxy = await FaultProxy.StartAsync(rig.Emulator.BaseAddress, [.. listings, .. outage]);
        var settings = rig.Settings(rig.List(Rig.Urls(Count)));
        var outcome = await rig.RunAsync(settings with
        {
            Stores = settings.Stores with
            {
                S3Endpoint = new(proxy.Address, "s3"),
                MaxTries = 2,
                FirstDelay = TimeSpan.FromMilliseconds(1),
                LongestDelay = TimeSpan.FromMilliseconds(5),
            },
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
    [Trait("Promise", "4")]
    public async Task AResultThatIsNeverWholeInTheBucketIsReadFromTheApi(string faults)
    {
        var outcome = await AllBecomeRecordsAsync(faults);
        Assert.All(outcome.Records, r => Assert.StartsWith("http://127.0.0.1", SourceOf(r)));
    }

    private static string? SourceOf(JsonElement record) => record.GetProperty("source").GetProperty("uri").GetString();
}
