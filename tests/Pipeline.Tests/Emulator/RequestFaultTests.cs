using System.Text.Json.Nodes;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

public sealed class RequestFaultTests
{
    [Fact]
    public async Task ARefusedPostSaysWhenToRetry()
    {
        await using var lab = await EmulatorLab.StartAsync("post_429=2,retry_after_ms=1500");
        for (var i = 0; i < 2; i++)
        {
            var answer = await lab.PostBatchAsync([lab.Site.Page(1)]);
            Assert.Equal((429, "failed"), (answer.Status, (string)answer["status"]!));
            Assert.Equal(TimeSpan.FromSeconds(2), answer.Headers.RetryAfter!.Delta);
            Assert.Equal("1500", answer.Headers.GetValues("retry-after-ms").Single());
        }
        Assert.Equal(200, (await lab.PostBatchAsync([lab.Site.Page(1)])).Status);
        Assert.Equal(1, (int)(await lab.StatsAsync())["tasks"]["total"]!);
    }

    [Theory]
    [InlineData("post_402", 402)]
    [InlineData("post_500_before", 500)]
    [InlineData("post_555_before", 555)]
    public async Task APostIsRefusedAndNothingIsAccepted(string fault, int status)
    {
        await using var lab = await EmulatorLab.StartAsync(fault + "=1");
        var answer = await lab.PostBatchAsync([lab.Site.Page(1)]);
        Assert.Equal(status, answer.Status);
        Assert.Equal(
            status == 402 ? ["status", "msg"] : ["success", "task_id", "message"],
            answer.Body!.AsObject().Select(p => p.Key));
        Assert.Empty((await lab.StatsAsync())["posts"].AsArray());
        Assert.Equal(200, (await lab.PostBatchAsync([lab.Site.Page(1)])).Status);
    }

    [Theory]
    [InlineData("post_500_after", 500)]
    [InlineData("post_555_after", 555)]
    public async Task APostFailsAlthoughItIsAccepted(string fault, int status)
    {
        await using var lab = await EmulatorLab.StartAsync(fault + "=1");
        var answer = await lab.PostBatchAsync([lab.Site.Page(1), lab.Site.Page(2)], callback: true);
        Assert.Equal((status, "false"), (answer.Status, (string)answer["success"]!));
        await Patience.UntilAsync(() => lab.Site.Webhooks.Count == 2);
        var post = (await lab.StatsAsync())["posts"].AsArray().Single()!;
        Assert.Equal(
            (status.ToString(), 2, "/hook/x"),
            ((string)post["answered"]!, (int)post["inputs"]!, (string)post["callback_path"]!));
    }

    [Fact]
    public async Task TheConnectionIsCutAlthoughThePostIsAccepted()
    {
        await using var lab = await EmulatorLab.StartAsync("post_cut_after=1");
        await Assert.ThrowsAsync<HttpRequestException>(() => lab.PostBatchAsync([lab.Site.Page(1)]));
        var batchId = (string)(await lab.StatsAsync())["posts"].AsArray().Single()!["batch_id"]!;
        Assert.Equal(lab.Site.Page(1), (string)(await lab.FinishAsync(batchId))["tasks"]![0]!["input"]!["url"]!);
    }

    [Fact]
    public async Task APostIsAcceptedAtOnceAndAnsweredLate()
    {
        var time = AwaitedTime.AtPresent();
        await using var lab = await EmulatorLab.StartAsync("post_slow_ms=400@1", time: time);
        var posting = lab.PostBatchAsync([lab.Site.Page(1)]);
        await Patience.UntilAsync(async () => (int)(await lab.StatsAsync())["tasks"]["success"]! == 1);
        // The emulator's clock stands still, so no answer can have arrived.
        Assert.False(posting.IsCompleted);
        await time.PassAsync(TimeSpan.FromMilliseconds(400));
        Assert.Equal(200, (await posting.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken)).Status);
    }

    [Theory]
    [InlineData("get_429", 429)]
    [InlineData("get_500", 500)]
    public async Task GetsFail(string fault, int status)
    {
        await using var lab = await EmulatorLab.StartAsync(fault + "=2");
        Assert.Equal(status, (await lab.GetAsync("v1/tasks")).Status);
        Assert.Equal(status, (await lab.GetAsync("v2/batches")).Status);
        Assert.Equal(200, (await lab.GetAsync("v1/tasks")).Status);
    }

    [Fact]
    public async Task FaultsCanBeChangedWhileTheEmulatorRuns()
    {
        await using var lab = await EmulatorLab.StartAsync("post_402");
        Assert.Equal("""{"post_402":"always"}""", (await lab.GetAsync("_admin/faults")).Body!.ToJsonString());

        var put = await lab.SendAsync(
            HttpMethod.Put, "_admin/faults",
            """{"post_429":1,"get_500":0.0,"webhook_form":"bare@10%","task_never":true}""");

        Assert.Equal(
            """{"post_429":"1","get_500":"0.0","webhook_form":"bare@0.1","task_never":"always"}""",
            put.Body!.ToJsonString());
        Assert.Equal(429, (await lab.PostBatchAsync([lab.Site.Page(1)])).Status);
        Assert.Equal(200, (await lab.PostBatchAsync([lab.Site.Page(1)])).Status);
        lab.Emulator.SetFaults("post_402");
        Assert.Equal(402, (await lab.PostBatchAsync([lab.Site.Page(1)])).Status);
        Assert.Equal("{}", (await lab.SendAsync(HttpMethod.Delete, "_admin/faults")).Body!.ToJsonString());
        Assert.Equal(200, (await lab.PostBatchAsync([lab.Site.Page(1)])).Status);
    }

    [Theory]
    [InlineData("""{"post_428":1}""")]
    [InlineData("""{"post_429":[1]}""")]
    [InlineData("[]")]
    [InlineData("{")]
    public async Task MalformedFaultsAreRefusedAndTheOldOnesStay(string body)
    {
        await using var lab = await EmulatorLab.StartAsync("post_402=1");
        Assert.Equal(400, (await lab.SendAsync(HttpMethod.Put, "_admin/faults", body)).Status);
        Assert.Equal("""{"post_402":"1"}""", (await lab.GetAsync("_admin/faults")).Body!.ToJsonString());
    }

    [Fact]
    public async Task StatsListEveryAcceptedPost()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var urls = new[] { lab.Site.Page(2), lab.Site.Page(1), lab.Site.Page(3) };
        var batch = await lab.PostBatchAsync(urls, "s3://b/p/", callback: true);
        await lab.FinishAsync((string)batch["batch_id"]!);
        var single = await lab.PostAsync("v1/extract/async", new JsonObject { ["url"] = lab.Site.Page(4) });
        await Patience.UntilAsync(async () => (int)(await lab.StatsAsync())["jobs_waiting"] == 0);

        var stats = await lab.StatsAsync();

        var (first, second) = (stats["posts"][0]!, stats["posts"][1]!);
        Assert.Equal(urls, first["urls"]!.AsArray().Select(u => (string)u!));
        Assert.Equal(((string)batch["batch_id"]!, "/hook/x", "s3://b/p/", "200"),
            ((string)first["batch_id"]!, (string)first["callback_path"]!, (string)first["storage_url"]!,
                (string)first["answered"]!));
        Assert.Equal((string)single["task"]["id"]!, (string)second["task_id"]!);
        Assert.Equal("""{"total":4,"pending":0,"success":4,"error":0}""", stats["tasks"].ToJsonString());
        Assert.Equal(
            (3, 3, 3),
            ((int)stats["objects_delivered"], (int)stats["callbacks_attempted"], (int)stats["callbacks_accepted"]));
        Assert.Null((await lab.GetAsync("_admin/stats?urls=false"))["posts"][0]!["urls"]);
    }
}
