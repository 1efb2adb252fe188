using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Cli.Failures;
using Pipeline.Cli.Settings;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Tests.Emulator;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Failed inputs that a policy or an operator posts again, and submissions that are proven absent.</summary>
public abstract class RetrySuite(Servers? azure) : StoreSuite(azure)
{
    private const int Count = 12;
    private static readonly Selection All = new([], [], []);

    [Theory]
    [InlineData("task_fail=4")]
    [InlineData("task_fail=4,webhook_lost")]
    [InlineData("task_fail=4,echo=none,webhook_lost")]
    [InlineData("result_status=blocked@3")]
    public async Task OnlyFailedTasksAreRetried(string faults)
    {
        await using var rig = await StartAsync(faults);
        var outcome = await rig.RunAsync(Retrying(rig, attempts: 2));
        Assert.Equal((ExitCodes.Complete, Count), (outcome.ExitCode, outcome.Records.Count));
        var repeated = outcome.Manifest.GetProperty("submissions").EnumerateArray().Where(
            s => s.TryGetProperty("repeat_of", out _)).ToList();
        Assert.Equal(
            Count,
            outcome.Manifest.GetProperty("submissions").EnumerateArray().Sum(s => s.GetProperty("inputs").GetInt32()));
        Assert.Equal(outcome.Posts.Count - 1, repeated.Count);
    }

    [Fact]
    [Trait("Promise", "1")]
    public async Task AnInputThatFailsEveryAttemptEndsAsOneFailure()
    {
        await using var rig = await StartAsync("task_fail=100");
        var outcome = await rig.RunAsync(Retrying(rig, attempts: 3, share: "1"));
        Assert.Equal((ExitCodes.SomeFailed, Count, 3), (outcome.ExitCode, outcome.Failures.Count, outcome.Posts.Count));
        Assert.All(outcome.Failures, failure => Assert.Equal(3, failure.GetProperty("attempts").GetInt32()));
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task IfMostOfASubmissionFailedNothingIsPostedAgain()
    {
        await using var rig = await StartAsync("task_fail=10");
        var outcome = await rig.RunAsync(Retrying(rig, attempts: 2));
        Assert.Equal((10, 1), (outcome.Failures.Count, outcome.Posts.Count));
    }

    [Theory]
    [InlineData("post_500_before=1")]
    [InlineData("post_555_before=2,webhook_lost")]
    [Trait("Promise", "2")]
    public async Task ASubmissionProvenAbsentIsPostedAgainIfThePolicySaysSo(string faults)
    {
        await using var rig = await StartAsync(faults);
        var outcome = await rig.RunAsync(Reposting(rig));
        Assert.Equal((ExitCodes.Complete, Count, 1), (outcome.ExitCode, outcome.Records.Count, outcome.Posts.Count));
    }

    [Theory]
    [InlineData("post_500_after,webhook_lost,task_slow_ms=4000", "echo")]
    [InlineData("post_cut_after,echo=input,webhook_lost,task_slow_ms=4000", "inputs")]
    [InlineData("post_cut_after,echo=none,webhook_lost", "objects")]
    [Trait("Promise", "2")]
    public async Task AnAcceptedSubmissionIsNeverPostedAgain(string faults, string proof)
    {
        await using var rig = await StartAsync(faults);
        var outcome = await rig.RunAsync(Reposting(rig));
        Assert.Equal((Count, 1), (outcome.Records.Count, outcome.Posts.Count));
        Assert.Equal(
            proof,
            Assert.Single(
                outcome.Manifest.GetProperty("submissions").EnumerateArray()).GetProperty("proof").GetString());
    }

    [Fact]
    [Trait("Promise", "8")]
    public async Task EvidenceAfterTheWindowStillGivesRecords()
    {
        var time = AwaitedTime.AtPresent();
        await using var rig = await StartAsync("post_cut_after,echo=none,webhook_lost,task_slow_ms=50000", time: time);
        var settings = rig.Settings(rig.List(Rig.Urls(Count)));
        var gaveUp = await rig.RunAsync(settings);
        Assert.Equal((Count, FailureReasons.SubmissionUnknown), (gaveUp.Failures.Count, gaveUp.Reason));

        await time.PassAsync(EmulatorLab.WaitFor(milliseconds: 50_000));
        await Patience.UntilAsync(async () =>
        {
            var replayed = await ReplayAsync(rig, settings, All with { Lists = [gaveUp.ListId] }, resubmit: false);
            Assert.Single(replayed.Posts);
            return replayed.Records.Count == Count;
        });
    }

    [Fact]
    [Trait("Promise", "2")]
    public async Task AReplayPostsOnlyTheSelectedInputsAgain()
    {
        await using var rig = await StartAsync("task_fail=4");
        var settings = rig.Settings(rig.List([.. Rig.Urls(Count), "not a URL"]));
        var failed = await rig.RunAsync(settings);
        Assert.Equal(failed.FailureLines.Order(), (await ListFailuresAsync(settings, All)).Order());
        var all = All with { Lists = [failed.ListId] };
        var tasks = all with { Reasons = [FailureReasons.TaskFailed] };
        var failure = JsonElement.Parse((await ListFailuresAsync(settings, tasks))[0]);
        var one = failure.GetProperty("id").GetString()!;
        Assert.Equal(
            [
                $"list {failed.ListId}", $"  {one}  task_failed, retryable  {failure.GetProperty("url")}",
                $"    Task {failure.GetProperty("task_id")} ended as 'error': Injected: the task failed.",
            ],
            await ListFailuresAsync(settings, tasks with { Ids = [one] }, json: false));

        var left = await ReplayAsync(rig, settings, all, resubmit: false);
        Assert.Equal((5, 1), (left.Failures.Count, left.Posts.Count));
        var first = await ReplayAsync(rig, settings, all with { Ids = [one] }, resubmit: true);
        Assert.Equal((4, 2), (first.Failures.Count, first.Posts.Count));
        Assert.DoesNotContain(first.FailureLines, line => line.Contains(one, StringComparison.Ordinal));
        Assert.Equal(first.FailureLines.Order(), (await ListFailuresAsync(settings, all)).Order());
        var rest = await ReplayAsync(rig, settings, all, resubmit: true);
        Assert.Equal((ExitCodes.SomeFailed, Count, 3), (rest.ExitCode, rest.Records.Count, rest.Posts.Count));
        Assert.Empty(await ListFailuresAsync(settings, tasks));
        var again = await ReplayAsync(rig, settings, all, resubmit: true);
        Assert.Equal(rest.RecordLines.Order(), again.RecordLines.Order());
        Assert.Equal(3, again.Posts.Count);
    }

    [Fact]
    [Trait("Promise", "8")]
    public async Task AReplayReadsResultsThatHaveBecomeWholeSince()
    {
        await using var rig = await StartAsync("object_truncated=4,object_heal_ms=8000");
        var settings = rig.Settings(
            rig.List(Rig.Urls(Count)), storageUrl: "s3://results/tests/", ("Collect:MaxExpandedBytes", "10"));
        var limited = await rig.RunAsync(settings);
        Assert.Equal(FailureReasons.LimitExceeded, limited.Failures[0].GetProperty("reason").GetString());

        var replayed = await ReplayAsync(
            rig, rig.Settings(settings.Lists[0]), All with { Lists = [limited.ListId] }, resubmit: false);
        Assert.Equal((Count, 1), (replayed.Records.Count, replayed.Posts.Count));
    }

    private static RunSettings Retrying(Rig rig, int attempts, string share = "0.5") => rig.Settings(
        rig.List(Rig.Urls(Count)), "s3://results/tests/", ("Retry:MaxAttempts", $"{attempts}"),
        ("Retry:Delay", "00:00:00.1"), ("Retry:MaxShare", share), ("Sweep:TaskDeadline", "00:10:00"));

    private static RunSettings Reposting(Rig rig) => rig.Settings(
        rig.List(Rig.Urls(Count)), "s3://results/tests/",
        ("Submit:Unknown", nameof(UnknownPolicy.RepostWhenProvenAbsent)), ("Submit:Quarantine", "00:00:01"),
        ("Sweep:EvidenceWindow", "00:10:00"));

    private static Task<RunOutcome> ReplayAsync(Rig rig, RunSettings settings, Selection selection, bool resubmit) =>
        rig.EndAsync(
            settings,
            (progress, stop) =>
                new ReplayJob(settings, selection, resubmit, progress).RunAsync(noWait: false, stop));

    private static async Task<string[]> ListFailuresAsync(RunSettings settings, Selection selection, bool json = true)
    {
        using var output = new StringWriter();
        Assert.Equal(
            ExitCodes.Complete,
            await FailuresCommand.WriteAsync(
                settings, selection, json ? FailureForm.Json : FailureForm.Lines, output,
                TestContext.Current.CancellationToken));
        return output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
