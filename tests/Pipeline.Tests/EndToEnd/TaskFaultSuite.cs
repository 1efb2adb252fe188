using Pipeline.Cli;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Tasks that fail, never end, or are reported in unusual ways.</summary>
[Trait("Promise", "1")]
public abstract class TaskFaultSuite(Servers? azure) : FaultSuite(azure)
{
    [Theory]
    [InlineData("task_states=wild")]
    [InlineData("task_states=wild,webhook_lost")]
    [InlineData("null_tasks=0.5,webhook_lost")]
    [InlineData("null_tasks,webhook_lost")]
    [InlineData("echo=none")]
    [InlineData("echo=none,webhook_lost")]
    [InlineData("task_ids=mixed")]
    [InlineData("batch_short=0.7,webhook_lost")]
    [InlineData("batch_short,webhook_lost")]
    [InlineData("task_twice=3,webhook_lost")]
    [InlineData("task_twice=3")]
    [InlineData("reply_wrap=data")]
    [InlineData("reply_wrap=response@0.5,webhook_lost")]
    [InlineData("get_gzip,webhook_lost")]
    [InlineData("result_wrap=array@0.5")]
    [InlineData("result_wrap=results@0.5")]
    [InlineData("object_html,object_heal_ms=600")]
    [InlineData("object_xml=0.5,object_pending")]
    [InlineData("result_unfinished=pending@0.5,object_missing")]
    public Task EveryUrlStillBecomesARecord(string faults) => AllBecomeRecordsAsync(faults);

    [Theory]
    [InlineData("task_fail=4,post_429=1", 4)]
    [InlineData("task_fail=4,webhook_lost", 4)]
    [InlineData("task_fail=4,webhook_lost,echo=none", 4)]
    [InlineData("task_fail=4,task_states=wild", 4)]
    [InlineData("task_fail", Count)]
    public async Task AFailedTaskFailsOnlyItsOwnInput(string faults, int failed)
    {
        await using var rig = await StartAsync(faults);
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count))));
        Assert.Equal((ExitCodes.SomeFailed, failed), (outcome.ExitCode, outcome.Failures.Count));
        Assert.Equal(FailureReasons.TaskFailed, outcome.Reason);
    }

    [Fact]
    public async Task InputsThatABatchRejectsFailWithNimblesMessage()
    {
        await using var rig = await StartAsync("post_partial=4");
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count))));
        Assert.Equal((ExitCodes.SomeFailed, 4), (outcome.ExitCode, outcome.Failures.Count));
        Assert.Equal(FailureReasons.SubmissionRefused, outcome.Reason);
        Assert.All(
            outcome.Failures, f => Assert.Contains("this input is rejected", f.GetProperty("message").GetString()));
    }

    [Fact]
    public async Task AResultThatReportsAFailureIsNotARecord()
    {
        await using var rig = await StartAsync("result_status=blocked@3");
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count))));
        Assert.Equal((ExitCodes.SomeFailed, 3), (outcome.ExitCode, outcome.Failures.Count));
        Assert.Equal(FailureReasons.ResultFailed, outcome.Reason);
    }

    [Fact]
    public async Task ATaskThatNeverEndsExpires()
    {
        await using var rig = await StartAsync("task_never=2");
        var outcome = await rig.RunAsync(
            rig.Settings(rig.List(Rig.Urls(Count)), tuning: [("Sweep:TaskDeadline", "00:00:06")]));
        Assert.Equal((ExitCodes.SomeFailed, 2), (outcome.ExitCode, outcome.Failures.Count));
        Assert.Equal(FailureReasons.TaskExpired, outcome.Reason);
    }
}
