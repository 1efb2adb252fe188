using Pipeline.Cli;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Every fault the emulator can make, through real HTTP: each URL has its outcome and none is posted twice.</summary>
public sealed class FaultTests
{
    private const int Count = 12;

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
    [InlineData("webhook_lost=0.5")]
    [InlineData("webhook_repeat")]
    [InlineData("webhook_late=1500")]
    [InlineData("webhook_early")]
    [InlineData("webhook_shuffle,webhook_repeat")]
    [InlineData("webhook_form=task")]
    [InlineData("webhook_form=bare")]
    [InlineData("webhook_form=status_task,webhook_state=pending")]
    [InlineData("webhook_form=mixed,webhook_repeat")]
    [InlineData("task_states=wild")]
    [InlineData("task_states=wild,webhook_lost")]
    [InlineData("null_tasks=0.5,webhook_lost")]
    [InlineData("null_tasks,webhook_lost")]
    [InlineData("echo=none")]
    [InlineData("echo=none,webhook_lost")]
    [InlineData("get_500=3,webhook_lost")]
    [InlineData("get_429=3,retry_after_ms=200,webhook_lost")]
    [InlineData("object_late_ms=1000")]
    [InlineData("object_missing,object_heal_ms=600")]
    [InlineData("object_truncated,object_heal_ms=600")]
    [InlineData("object_bitflip,object_heal_ms=600")]
    [InlineData("object_empty,object_heal_ms=600")]
    [InlineData("object_trailing,object_heal_ms=600")]
    [InlineData("object_mislabelled")]
    public async Task EveryUrlStillBecomesARecord(string faults)
    {
        await using var rig = await Rig.StartAsync(faults);
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count))) with { Compress = true });
        Assert.Equal((ExitCodes.Complete, Count), (outcome.ExitCode, outcome.Records.Count));
        Assert.Single(outcome.Posts);
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
        await using var rig = await Rig.StartAsync(faults);
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count))) with { Compress = true });
        Assert.Equal((ExitCodes.Complete, Count), (outcome.ExitCode, outcome.Records.Count));
        Assert.All(outcome.Records, r => Assert.StartsWith("http://127.0.0.1", r.GetProperty("source").GetProperty("uri").GetString()));
    }

    [Theory]
    [InlineData("task_fail=4,post_429=1", 4)]
    [InlineData("task_fail=4,webhook_lost", 4)]
    [InlineData("task_fail=4,webhook_lost,echo=none", 4)]
    [InlineData("task_fail=4,task_states=wild", 4)]
    [InlineData("task_fail", Count)]
    public async Task ATaskThatFailsIsAFailureOfItsOwnInput(string faults, int failed)
    {
        await using var rig = await Rig.StartAsync(faults);
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count))));
        Assert.Equal((ExitCodes.SomeFailed, failed), (outcome.ExitCode, outcome.Failures.Count));
        Assert.Equal(FailureReasons.TaskFailed, outcome.Reason);
    }

    [Fact]
    public async Task AResultThatReportsAFailureIsNoRecord()
    {
        await using var rig = await Rig.StartAsync("result_status=blocked@3");
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count))));
        Assert.Equal((ExitCodes.SomeFailed, 3), (outcome.ExitCode, outcome.Failures.Count));
        Assert.Equal(FailureReasons.ResultFailed, outcome.Reason);
    }

    [Fact]
    public async Task ATaskThatNeverEndsExpires()
    {
        await using var rig = await Rig.StartAsync("task_never=2");
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count)), tuning: [("Sweep:TaskDeadline", "00:00:02")]));
        Assert.Equal((ExitCodes.SomeFailed, 2), (outcome.ExitCode, outcome.Failures.Count));
        Assert.Equal(FailureReasons.TaskExpired, outcome.Reason);
    }

    [Theory]
    [InlineData("post_500_before")]
    [InlineData("post_555_before")]
    public async Task APostThatMayHaveBeenAcceptedIsNotRepeatedAndItsInputsEndAsUnknown(string faults)
    {
        await using var rig = await Rig.StartAsync(faults + "=1");
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count))));
        Assert.Equal((ExitCodes.SomeFailed, Count), (outcome.ExitCode, outcome.Failures.Count));
        Assert.Equal(FailureReasons.SubmissionUnknown, outcome.Reason);
        Assert.Empty(outcome.Posts);
    }

    [Fact]
    public async Task A402PausesSubmissionAndItGoesOnByItself()
    {
        await using var rig = await Rig.StartAsync("post_402=1");
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count)), tuning: [("Nimble:RefusedPause", "00:00:00.5")]));
        Assert.Equal((ExitCodes.Complete, Count), (outcome.ExitCode, outcome.Records.Count));
        Assert.Single(outcome.Posts);
    }

    [Fact]
    public async Task ASingleTaskWhoseAnswerWasLostIsFoundAgain()
    {
        await using var rig = await Rig.StartAsync("post_cut_after,webhook_lost");
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(1))));
        Assert.Equal(ExitCodes.Complete, outcome.ExitCode);
        Assert.Single(outcome.Posts);
    }
}
