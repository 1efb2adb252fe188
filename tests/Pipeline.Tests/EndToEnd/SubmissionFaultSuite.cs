using Pipeline.Cli;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Faults in the API's answers: no URL is lost, and none is posted twice.</summary>
public abstract class SubmissionFaultSuite(Servers? azure) : FaultSuite(azure)
{
    [Theory]
    [InlineData("post_429=2,retry_after_ms=300")]
    [InlineData("post_500_after")]
    [InlineData("post_555_after")]
    [InlineData("post_cut_after")]
    [InlineData("post_500_after,webhook_lost")]
    [InlineData("post_cut_after,webhook_lost,echo=none")]
    [InlineData("post_cut_after,webhook_lost,echo=input")]
    [InlineData("post_cut_after,echo=none")]
    [InlineData("post_cut_after,webhook_lost,task_slow_ms=800")]
    [InlineData("post_slow_ms=500,webhook_early")]
    [InlineData("get_500=3,webhook_lost")]
    [InlineData("get_429=3,retry_after_ms=200,webhook_lost")]
    [Trait("Promise", "1")]
    public Task EveryUrlStillBecomesARecord(string faults) => AllBecomeRecordsAsync(faults);

    [Theory]
    [InlineData("post_500_before")]
    [InlineData("post_555_before")]
    [Trait("Promise", "2")]
    public async Task APostThatMayHaveBeenAcceptedIsNotRepeatedAndItsInputsFailAsUnknown(string faults)
    {
        await using var rig = await StartAsync(faults + "=1");
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count))));
        Assert.Equal((ExitCodes.SomeFailed, Count), (outcome.ExitCode, outcome.Failures.Count));
        Assert.Equal(FailureReasons.SubmissionUnknown, outcome.Reason);
        Assert.Empty(outcome.Posts);
    }

    [Fact]
    public async Task A402PausesSubmissionWhichResumesByItself()
    {
        await using var rig = await StartAsync("post_402=1");
        var outcome = await rig.RunAsync(
            rig.Settings(rig.List(Rig.Urls(Count)), tuning: [("Nimble:RefusedPause", "00:00:00.5")]));
        Assert.Equal((ExitCodes.Complete, Count), (outcome.ExitCode, outcome.Records.Count));
        Assert.Single(outcome.Posts);
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task ASingleTaskWhoseAnswerWasLostIsFoundAgain()
    {
        await using var rig = await StartAsync("post_cut_after,webhook_lost");
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(1)), tuning: LongWindow));
        Assert.Equal(ExitCodes.Complete, outcome.ExitCode);
        Assert.Single(outcome.Posts);
    }

    [Theory]
    [InlineData("")]
    [InlineData("refusal_details=none")]
    [Trait("Promise", "9")]
    public async Task OneRefusedInputFailsAloneAndTheRestOfItsBatchBecomesRecords(string faults)
    {
        await using var rig = await StartAsync(faults);
        var outcome = await rig.RunAsync(
            rig.Settings(
                rig.List(
                    [
                        .. Rig.Urls(Count).Select(u => $$"""{"url":"{{u}}"}"""),
                        """{"url":"http://sample.test/","formats":["pdf"]}"""])));
        Assert.Equal((ExitCodes.SomeFailed, Count), (outcome.ExitCode, outcome.Records.Count));
        Assert.Equal(FailureReasons.SubmissionRefused, outcome.Reason);
        Assert.Equal(Count, outcome.Posts.Sum(p => p.GetProperty("inputs").GetInt32()));
    }
}
