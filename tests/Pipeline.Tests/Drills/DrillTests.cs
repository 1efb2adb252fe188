using Pipeline.Model;
using Pipeline.Tests.Emulator;
using Pipeline.Tests.EndToEnd;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Drills;

/// <summary>
/// Failures in operation, simulated with the emulator: page, status and metrics report them, and the runbook's own
/// command fixes them.
/// </summary>
[Trait("Promise", "10")]
public sealed class DrillTests
{
    private const int Urls = 5;

    [Fact]
    public async Task NoBudgetAtNimble()
    {
        await using var drill = await Drill.StartAsync("post_402");
        await drill.ServeAsync();
        var list = await drill.SubmitAsync(Urls);

        await drill.PageSaysAsync("", "class=\"verdict waiting\"", "402", "Top up the Nimble account");
        await drill.StatusNamesAsync("(nimble_budget)");
        await drill.MetricIsAsync("pipeline.posts", 1, ("pipeline.post.outcome", "held"));
        await drill.CureAsync("nimble_budget", ("LIST_ID", list));
        await drill.ClosesAsync(list, records: 0, failures: Urls);

        drill.Rig.Emulator.SetFaults("");
        await drill.CureAsync(FailureReasons.Cancelled, ("LIST_ID", list));
        await drill.ClosesAsync(list, Urls);
        await drill.VerdictIsAsync("idle");
    }

    [Fact]
    public async Task ARefusedKey()
    {
        await using var drill = await Drill.StartAsync();
        // A key that Nimble rejects after the start.
        drill.Set("NIMBLE_API_KEY", "old");
        drill.Api.Instead = async context =>
        {
            if (context.Request.Method != "GET" || context.Request.Headers.Authorization != "Bearer old")
                return false;
            await TestServer.Json("""{"data":[]}""")(context);
            return true;
        };
        await drill.ServeAsync();
        var list = await drill.SubmitAsync(Urls);

        await drill.PageSaysAsync("", "class=\"verdict stuck\"", "NIMBLE_API_KEY");
        await drill.StatusNamesAsync("(api_key)");
        await drill.MetricIsAsync("pipeline.posts", 1, ("pipeline.post.outcome", "held"));
        await drill.StopAsync();
        await drill.CureByHostAsync("api_key", ("...", Rig.Key));
        await drill.ClosesAsync(list, Urls);
    }

    [Fact]
    public async Task LostWebhooks()
    {
        await using var drill = await Drill.StartAsync();
        var wrong = $"http://127.0.0.1:{CliProcess.FreePort()}";
        await drill.ServeAsync("--callback-base", wrong);
        var list = await drill.SubmitAsync(Urls);

        await drill.ClosesAsync(list, Urls);
        await drill.MetricIsAsync("pipeline.records", Urls, ("pipeline.discovered_by", "sweep"));
        var (_, asked, error) = await drill.RunAsync(["doctor", "--callback-base", wrong], ofRun: false);
        Assert.Contains("not reachable from here", asked + error);
        await drill.StopAsync();
        await drill.CureByHostAsync("unreachable", ("ADDRESS", drill.Address.AbsoluteUri));

        await drill.ClosesAsync(await drill.SubmitAsync(Urls, "after"), Urls);
        await drill.MetricIsAsync("pipeline.records", Urls, ("pipeline.discovered_by", "webhook"));
    }

    [Fact]
    public async Task DamagedObjects()
    {
        await using var drill = await Drill.StartAsync("object_truncated");
        drill.Set("Pipeline__Collect__ObjectDeadline", "00:00:02");
        drill.Set("Pipeline__Collect__RetryDelay", "00:00:00.3");
        // The API has no other copy.
        drill.Api.Instead = context =>
        {
            var isResult = context.Request.Path.Value!.EndsWith("/results", StringComparison.Ordinal);
            context.Response.StatusCode = isResult ? 404 : 200;
            return Task.FromResult(isResult);
        };
        await drill.ServeAsync();
        var list = await drill.SubmitAsync(Urls);

        await drill.ClosesAsync(list, records: 0, failures: Urls);
        await drill.PageSaysAsync($"lists/{list}/failures", "object damaged");
        var (_, output, _) = await drill.RunAsync(["failures", list]);
        Assert.Contains(FailureReasons.ObjectDamaged, output);
        await drill.MetricIsAsync("pipeline.failures", Urls, ("error.type", FailureReasons.ObjectDamaged));

        drill.Api.Instead = null;
        await drill.CureAsync(FailureReasons.ObjectDamaged, ("LIST_ID", list));
        await drill.ClosesAsync(list, Urls);
    }

    [Fact]
    public async Task AFullDisk()
    {
        using var disk = SmallDisk.Mount(megabytes: 32);
        var time = AwaitedTime.AtPresent();
        await using var drill = await Drill.StartAsync("task_slow_ms=50000", disk, time);
        await drill.ServeAsync();
        var list = await drill.SubmitAsync(Urls);
        await drill.Rig.WaitForPostAsync();
        disk.Fill();
        // The results arrive only after the disk is full.
        await time.PassAsync(EmulatorLab.WaitFor(milliseconds: 50_000));

        await drill.PageSaysAsync("", "class=\"verdict stuck\"", "The disk that holds");
        await drill.StatusNamesAsync("The disk that holds");
        await drill.CureAsync("disk", ("DIR/FILE", disk.Filler));
        await drill.ClosesAsync(list, Urls);
        await drill.VerdictIsAsync("idle");
    }

    [Fact]
    public async Task AnUnknownPost()
    {
        await using var drill = await Drill.StartAsync("post_500_before");
        drill.Set("Pipeline__Sweep__EvidenceWindow", "00:10:00");
        await drill.ServeAsync();
        var list = await drill.SubmitAsync(Urls);

        await drill.PageSaysAsync("", "class=\"verdict waiting\"", "POSTs without a known answer");
        await drill.StatusNamesAsync($"({FailureReasons.SubmissionUnknown})");
        await drill.MetricIsAsync("pipeline.submissions.unknown_age", 0.1);
        // Then the evidence window ends.
        await drill.StopAsync();
        drill.Set("Pipeline__Sweep__EvidenceWindow", "00:00:02");
        await drill.ServeAsync();
        await drill.ClosesAsync(list, records: 0, failures: Urls);
        await drill.MetricIsAsync("pipeline.failures", Urls, ("error.type", FailureReasons.SubmissionUnknown));

        drill.Rig.Emulator.SetFaults("");
        await drill.CureAsync(FailureReasons.SubmissionUnknown, ("LIST_ID", list));
        await drill.ClosesAsync(list, Urls);
    }

    [Fact]
    public async Task ADeadLetter()
    {
        await using var drill = await Drill.StartAsync();
        var status = 410;
        await using var receiver = await TestServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        drill.Set("Pipeline__Notify__Url", receiver.Address.AbsoluteUri);
        drill.Set("Pipeline__Notify__Secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        drill.Set("Pipeline__Notify__AllowPrivate", "true");
        await drill.ServeAsync();
        await drill.ClosesAsync(await drill.SubmitAsync(Urls), Urls);

        await drill.PageSaysAsync("", "Dead letters", "410");
        await drill.StatusNamesAsync("was given up after 1 try");
        await drill.MetricIsAsync("pipeline.dead_letters", 1, ("messaging.destination.name", "notifications"));
        status = 200;
        await drill.CureAsync("dead-letters");

        Assert.Single(receiver.Seen.Select(seen => seen.Headers["webhook-id"]).Distinct());
        await drill.PageSaysAsync("", "No message was given up.");
    }

    [Fact]
    public async Task AStuckTask()
    {
        await using var drill = await Drill.StartAsync("task_never=1");
        drill.Set("Pipeline__Sweep__TaskDeadline", "00:10:00");
        drill.Set("Pipeline__Collect__ObjectDeadline", "00:00:01");
        await drill.ServeAsync();
        var list = await drill.SubmitAsync(Urls);

        await drill.PageSaysAsync("", "class=\"verdict well\"", $"{Urls - 1} of {Urls} URLs done");
        var (_, pending, _) = await drill.RunAsync(["pending", list]);
        Assert.Contains("sample.test", pending);
        // Then the deadline passes.
        await drill.StopAsync();
        drill.Set("Pipeline__Sweep__TaskDeadline", "00:00:02");
        await drill.ServeAsync();
        await drill.ClosesAsync(list, Urls - 1, failures: 1);
        await drill.MetricIsAsync("pipeline.failures", 1, ("error.type", FailureReasons.TaskExpired));
        await drill.PageSaysAsync($"lists/{list}/failures", "task expired");

        await drill.CureAsync(FailureReasons.TaskExpired, ("LIST_ID", list));
        await drill.ClosesAsync(list, Urls);
    }

    [Fact]
    public async Task AnOverdueSweep()
    {
        await using var drill = await Drill.StartAsync("webhook_lost");
        drill.Set("Runner__SweepInterval", "01:00:00");
        drill.Set("Runner__IdleSweepInterval", "01:00:00");
        await drill.ServeAsync();
        var list = await drill.SubmitAsync(Urls);
        await drill.Rig.WaitForPostAsync();
        await drill.PageSaysAsync("", "class=\"verdict well\"", "1 list is open");
        await drill.PassAsync(TimeSpan.FromHours(2));

        await drill.PageSaysAsync("", "class=\"verdict waiting\"", "Sweep is overdue");
        await drill.StatusNamesAsync("(sweep_overdue)");
        await drill.StopAsync();
        drill.Set("Runner__SweepInterval", "00:00:00.3");
        drill.Set("Runner__IdleSweepInterval", "00:00:00.1");
        await drill.CureByHostAsync("sweep_overdue");
        await drill.MetricIsAsync("pipeline.sweep.overdue", 3600);
        await drill.ClosesAsync(list, Urls);
        await drill.VerdictIsAsync("idle");
    }
}
