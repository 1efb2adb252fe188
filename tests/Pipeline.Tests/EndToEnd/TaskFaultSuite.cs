using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Tasks that fail, never end, or are told of in strange ways.</summary>
public abstract class TaskFaultSuite(Servers? azure) : FaultSuite(azure)
{
    [Theory]
    [InlineData("task_states=wild")]
    [InlineData("task_states=wild,webhook_lost")]
    [InlineData("null_tasks=0.5,webhook_lost")]
    [InlineData("null_tasks,webhook_lost")]
    [InlineData("echo=none")]
    [InlineData("echo=none,webhook_lost")]
    public Task EveryUrlStillBecomesARecord(string faults) => AllBecomeRecordsAsync(faults);

    [Theory]
    [InlineData("task_fail=4,post_429=1", 4)]
    [InlineData("task_fail=4,webhook_lost", 4)]
    [InlineData("task_fail=4,webhook_lost,echo=none", 4)]
    [InlineData("task_fail=4,task_states=wild", 4)]
    [InlineData("task_fail", Count)]
    public async Task ATaskThatFailsIsAFailureOfItsOwnInput(string faults, int failed)
    {
        await using var rig = await StartAsync(faults);
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count))));
        Assert.Equal((ExitCodes.SomeFailed, failed), (outcome.ExitCode, outcome.Failures.Count));
        Assert.Equal(FailureReasons.TaskFailed, outcome.Reason);
    }

    [Fact]
    public async Task AResultThatReportsAFailureIsNoRecord()
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
        var outcome = await rig.RunAsync(rig.Settings(rig.List(Rig.Urls(Count)), tuning: [("Sweep:TaskDeadline", "00:00:02")]));
        Assert.Equal((ExitCodes.SomeFailed, 2), (outcome.ExitCode, outcome.Failures.Count));
        Assert.Equal(FailureReasons.TaskExpired, outcome.Reason);
    }
}
