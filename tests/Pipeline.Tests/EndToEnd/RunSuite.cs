using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>All stages together, without faults.</summary>
[Trait("Promise", "1")]
public abstract class RunSuite(Servers? azure) : StoreSuite(azure)
{
    [Theory]
    [InlineData("s3://results/tests/", false)]
    [InlineData("s3://results", true)]
    [InlineData("gs://results/tests/", true)]
    [InlineData("gs://results/tests/", false)]
    public async Task EveryUrlBecomesOneRecordThroughWebhooks(string storageUrl, bool compress)
    {
        await using var rig = await StartAsync();
        var outcome = await rig.RunAsync(
            rig.Settings(
                rig.List(Rig.Urls(25)), storageUrl, ("Delivery:Compress", $"{compress}"),
                ("Sweep:WebhookGrace", "00:02:00")));
        Assert.Equal(ExitCodes.Complete, outcome.ExitCode);
        Assert.Equal(Rig.Urls(25).Order(), outcome.Records.Select(r => r.GetProperty("url").GetString()!).Order());
        Assert.Equal(25, outcome.DiscoveredBy("webhook"));
        Assert.All(
            outcome.Records,
            r => Assert.Equal(compress, r.GetProperty("source").GetProperty("compressed").GetBoolean()));
        Assert.All(
            outcome.Records,
            r =>
                Assert.StartsWith(
                    $"{storageUrl.TrimEnd('/')}/", r.GetProperty("source").GetProperty("uri").GetString()));
        Assert.Single(outcome.Posts);
    }

    [Fact]
    [Trait("Promise", "3")]
    public async Task WithoutWebhooksTheJobCompletesByPolling()
    {
        await using var rig = await StartAsync("webhook_lost");
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(25))));
        Assert.Equal(ExitCodes.Complete, outcome.ExitCode);
        Assert.Equal(25, outcome.DiscoveredBy("sweep"));
    }

    [Fact]
    public async Task ARecordHasItsLineAndTheColumnsThatAreNotExtractionFields()
    {
        await using var rig = await StartAsync();
        var csv = Path.ChangeExtension(
            rig.List(["Title", "URL,Country,SKU", .. Rig.Urls(3).Select(url => $"{url},US,007")]), ".csv");
        File.Move(Path.ChangeExtension(csv, ".txt"), csv);
        var outcome = await rig.RunAsync(rig.Settings(csv));
        Assert.Equal(ExitCodes.Complete, outcome.ExitCode);
        Assert.Equal([3, 4, 5], outcome.Records.Select(r => r.GetProperty("line").GetInt32()).Order());
        Assert.All(outcome.Records, r => Assert.Equal(
            $$"""{"url":"{{r.GetProperty("url").GetString()}}","country":"US","SKU":"007"}""",
            r.GetProperty("input").GetRawText()));
    }

    [Fact]
    public async Task WithoutABucketResultsAreReadFromTheApi()
    {
        await using var rig = await StartAsync();
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(5)), storageUrl: null));
        Assert.Equal(ExitCodes.Complete, outcome.ExitCode);
        Assert.All(
            outcome.Records, r => Assert.EndsWith("/results", r.GetProperty("source").GetProperty("uri").GetString()));
    }

    [Fact]
    public async Task AListOfOneUrlIsPostedAsASingleTask()
    {
        await using var rig = await StartAsync();
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(1))));
        Assert.Equal(ExitCodes.Complete, outcome.ExitCode);
        Assert.NotEqual(JsonValueKind.Null, Assert.Single(outcome.Posts).GetProperty("task_id").ValueKind);
        Assert.False(Assert.Single(outcome.Records).TryGetProperty("batch_id", out _));
    }

    [Fact]
    public async Task AListOverTheLimitBecomesSeveralSubmissions()
    {
        await using var rig = await StartAsync();
        var outcome = await rig.RunAsync(
            rig.Settings(rig.List(Rig.Urls(25)), tuning: [("Intake:MaxInputsPerSubmission", "10")]));
        Assert.Equal([10, 10, 5], outcome.Posts.Select(p => p.GetProperty("inputs").GetInt32()).OrderDescending());
        Assert.Equal(ExitCodes.Complete, outcome.ExitCode);
    }

    [Fact]
    public async Task TheSameUrlFromSeveralCountriesBecomesARecordEachWithItsOwnCountry()
    {
        await using var rig = await StartAsync();
        var list = rig.List(
            """{"inputs":[{"country":"US","locale":"en-US"},{"country":"FR","locale":"fr-FR"},"""
                + """{"country":"DE"}],"shared_inputs":"""
                + """{"url":"http://sample.test/sample/generated/1?bytes=500","locale":"de-DE"}}""");
        var outcome = await rig.RunAsync(rig.Settings(list));
        Assert.Equal(
            ["DE", "FR", "US"],
            outcome.Records.Select(r => r.GetProperty("input").GetProperty("country").GetString()).Order());
        Assert.All(
            outcome.Records,
            r =>
                Assert.Equal(
                    r.GetProperty("country").GetString(), r.GetProperty("input").GetProperty("country").GetString()));
        Assert.Single(outcome.Posts);
    }

    [Fact]
    public async Task InvalidLinesAndDuplicatesAreCountedAndTheOthersContinue()
    {
        await using var rig = await StartAsync();
        var outcome = await rig.RunAsync(
            rig.Settings(rig.List([.. Rig.Urls(3), "not a url", .. Rig.Urls(2), "# a comment", "ftp://x/"])));
        Assert.Equal(ExitCodes.SomeFailed, outcome.ExitCode);
        Assert.Equal([4L, 8L], outcome.Failures.Select(f => f.GetProperty("line").GetInt64()).Order());
        Assert.Equal(FailureReasons.InvalidInput, outcome.Reason);
        Assert.Equal(2, outcome.Manifest.GetProperty("duplicates").GetInt64());
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task TheSameCommandAgainPostsNothingAndChangesNothing()
    {
        await using var rig = await StartAsync();
        var settings = rig.Settings(rig.List(Rig.Urls(5)));
        var first = await rig.RunAsync(settings);
        var second = await rig.RunAsync(settings);
        Assert.Equal(first.RecordLines, second.RecordLines);
        Assert.Equal(first.Posts.Count, second.Posts.Count);
        Assert.Equal(ExitCodes.Complete, second.ExitCode);
    }

    [Fact]
    public async Task ARecordByReferenceHasNoContentButItsAddress()
    {
        await using var rig = await StartAsync();
        var inline = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(2))));
        await using var other = await StartAsync();
        var outcome = await other.RunAsync(
            other.Settings(other.List(Rig.Urls(2)), tuning: [("Collect:Content", "reference")]));
        Assert.All(outcome.Records, r => Assert.False(r.TryGetProperty("content", out _)));
        Assert.Equal(
            inline.Records.Select(r => r.GetProperty("content_digest").GetString()).Order(),
            outcome.Records.Select(r => r.GetProperty("content_digest").GetString()).Order());
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task OnTheEmbeddedEmulatorAPostThatWasNotAcceptedIsPostedAgain()
    {
        await using var rig = await StartAsync();
        var outcome = await rig.RunAsync(
            rig.Settings(rig.List(Rig.Urls(3)), storageUrl: null, ("Submit:Quarantine", "00:00:01")) with
            {
                Given = GivenSettings.None, Faults = "post_500_before=1",
            });
        Assert.Equal((ExitCodes.Complete, 3), (outcome.ExitCode, outcome.Records.Count));
    }
}
