using System.Text.Json.Nodes;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

public sealed class WebhookTests
{
    [Fact]
    public async Task EveryTaskCallsItsWebhookOnceWithItsOutcomeButNotItsResult()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var batch = await lab.RunBatchAsync(5, callback: true);
        await Patience.UntilAsync(() => lab.Site.Webhooks.Count == 5);

        foreach (var (path, body) in lab.Site.Webhooks)
        {
            Assert.Equal("/hook/x", path);
            Assert.Equal("success", (string)body["status"]!);
            var task = batch["tasks"]!.AsArray().Single(t => (string)t!["id"]! == (string)body["task"]!["id"]!)!;
            Assert.Equal(task.ToJsonString(), body["task"]!.ToJsonString());
            Assert.Null(body["task"]!["data"]);
        }
        Assert.Equal(5, lab.Site.Webhooks.Select(w => (string)w.Body["task"]!["id"]!).Distinct().Count());
    }

    [Fact]
    public async Task AFailedTaskCallsItsWebhookToo()
    {
        await using var lab = await EmulatorLab.StartAsync();
        await lab.PostBatchAsync(["http://127.0.0.1:1/"], callback: true);
        await Patience.UntilAsync(() => !lab.Site.Webhooks.IsEmpty);
        var body = lab.Site.Webhooks.Single().Body;
        Assert.Equal(("failed", "error"), ((string)body["status"]!, (string)body["task"]!["state"]!));
        Assert.NotEmpty((string)body["task"]!["error"]!);
    }

    [Theory]
    [InlineData(2, 3, 1)]
    [InlineData(9, 3, 0)]
    public async Task ARefusedWebhookIsAttemptedThreeTimes(int refusals, int attempted, int accepted)
    {
        await using var lab = await EmulatorLab.StartAsync();
        lab.Site.RefuseWebhooks(refusals);
        await lab.RunBatchAsync(1, callback: true);
        await Patience.UntilAsync(async () => (int)(await lab.StatsAsync())["jobs_waiting"] == 0);
        var stats = await lab.StatsAsync();
        Assert.Equal((attempted, accepted), ((int)stats["callbacks_attempted"], (int)stats["callbacks_accepted"]));
        Assert.Equal(3, lab.Site.Webhooks.Count);
    }

    [Fact]
    public async Task APendingWebhookIsSentAfterARestart()
    {
        var time = AwaitedTime.AtPresent();
        await using var lab = await EmulatorLab.StartAsync("webhook_late=600", time: time);
        await lab.RunBatchAsync(3, callback: true);
        Assert.Empty(lab.Site.Webhooks);
        await lab.RestartAsync();
        await time.PassAsync(EmulatorLab.WaitFor(milliseconds: 600));
        await Patience.UntilAsync(() => lab.Site.Webhooks.Count == 3);
    }

    [Theory]
    [InlineData("status_task", "status task")]
    [InlineData("task", "task")]
    [InlineData("bare", "id state")]
    public async Task AWebhookHasTheConfiguredForm(string form, string names)
    {
        await using var lab = await EmulatorLab.StartAsync($"webhook_form={form}");
        await lab.RunBatchAsync(1, "s3://b/", callback: true);
        await Patience.UntilAsync(() => !lab.Site.Webhooks.IsEmpty);
        var body = lab.Site.Webhooks.Single().Body.AsObject();
        Assert.Equal(names, string.Join(' ', body.Select(p => p.Key).Take(2)));
        if (form == "bare")
            Assert.All(["output_url", "callback_url", "status_url"], name => Assert.NotNull(body[name]));
    }

    [Fact]
    public async Task WebhookFormsCanBeMixed()
    {
        await using var lab = await EmulatorLab.StartAsync("webhook_form=mixed,seed=3");
        await lab.RunBatchAsync(20, callback: true);
        await Patience.UntilAsync(() => lab.Site.Webhooks.Count == 20);
        Assert.Equal(
            ["id", "status", "task"], lab.Site.Webhooks.Select(w => w.Body.AsObject().First().Key).Distinct().Order());
    }

    [Fact]
    public async Task AWebhookMaySayPendingAsInTheVendorsExample()
    {
        await using var lab = await EmulatorLab.StartAsync("webhook_state=pending");
        await lab.RunBatchAsync(1, callback: true);
        await Patience.UntilAsync(() => !lab.Site.Webhooks.IsEmpty);
        Assert.Equal("pending", (string)lab.Site.Webhooks.Single().Body["task"]!["state"]!);
    }

    [Fact]
    public async Task WebhooksAreLost()
    {
        await using var lab = await EmulatorLab.StartAsync("webhook_lost=3");
        await lab.RunBatchAsync(5, callback: true);
        await Patience.UntilAsync(async () => (int)(await lab.StatsAsync())["jobs_waiting"] == 0);
        Assert.Equal(2, lab.Site.Webhooks.Count);
    }

    [Fact]
    public async Task WebhooksAreRepeated()
    {
        await using var lab = await EmulatorLab.StartAsync("webhook_repeat");
        await lab.RunBatchAsync(3, callback: true);
        await Patience.UntilAsync(() => lab.Site.Webhooks.Count == 6);
        Assert.All(lab.Site.Webhooks.GroupBy(w => (string)w.Body["task"]!["id"]!), g => Assert.Equal(2, g.Count()));
    }

    [Fact]
    public async Task WebhooksAreLate()
    {
        var time = AwaitedTime.AtPresent();
        await using var lab = await EmulatorLab.StartAsync("webhook_late=300", time: time);
        await lab.RunBatchAsync(1, callback: true);
        Assert.Empty(lab.Site.Webhooks);
        await time.PassAsync(EmulatorLab.WaitFor(milliseconds: 300));
        await Patience.UntilAsync(() => lab.Site.Webhooks.Count == 1);
    }

    [Fact]
    public async Task WebhooksAreShuffled()
    {
        // All webhooks' delays begin at the same time, however far apart the tasks end.
        var time = AwaitedTime.AtPresent();
        await using var lab = await EmulatorLab.StartAsync("webhook_shuffle,webhook_shuffle_ms=300", time: time);
        var batch = await lab.RunBatchAsync(20, callback: true);
        time.Advance(TimeSpan.FromMilliseconds(300));
        await Patience.UntilAsync(() => lab.Site.Webhooks.Count == 20);
        var ended = batch["tasks"]!.AsArray().OrderBy(t => (string)t!["modified_at"]!).Select(t => (string)t!["id"]!);
        Assert.NotEqual(ended, lab.Site.Webhooks.Select(w => (string)w.Body["task"]!["id"]!));
    }

    [Fact]
    public async Task WebhooksComeBeforeThePostIsAnswered()
    {
        await using var lab = await EmulatorLab.StartAsync("webhook_early");
        var urls = Enumerable.Range(0, 5).Select(n => lab.Site.Page(n));
        var answer = await lab.PostBatchAsync(urls, callback: true);
        Assert.Equal(5, lab.Site.Webhooks.Count);
        Assert.Equal(
            answer["tasks"].AsArray().Select(t => (string)t!["id"]!).Order(),
            lab.Site.Webhooks.Select(w => (string)w.Body["task"]!["id"]!).Order());
    }

    [Fact]
    public async Task AnUnansweredWebhookIsRetried()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var body = JsonNode.Parse($$"""{"url":"{{lab.Site.Page(1)}}","callback_url":"http://127.0.0.1:1/hook"}""")!;
        await lab.PostAsync("v1/extract/async", body);
        await Patience.UntilAsync(async () => (int)(await lab.StatsAsync())["callbacks_attempted"] == 3);
        Assert.Equal(0, (int)(await lab.StatsAsync())["jobs_waiting"]);
    }
}
