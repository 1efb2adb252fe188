using System.Text.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Settings;

namespace Pipeline.Tests.Collect;

/// <summary>HTTP statuses of pages are counted, and a setting turns some of them into failures.</summary>
public sealed class PageStatusTests
{
    [Theory]
    [InlineData("", 404, false)]
    [InlineData("4xx,503", 404, true)]
    [InlineData("4XX, 503", 503, true)]
    [InlineData("4xx,503", 500, false)]
    [InlineData("404", 400, false)]
    [InlineData(" ,200, ", 200, true)]
    public void AStatusFailsThePageIfTheSettingListsIt(string setting, int status, bool fails)
    {
        Assert.Null(PageStatuses.FaultIn(setting));
        Assert.Equal(fails, new PageStatuses(setting).Fail(status));
    }

    [Theory]
    [InlineData("4xx,all", "all")]
    [InlineData("99", "99")]
    [InlineData("6xx", "6xx")]
    [InlineData("40x", "40x")]
    [InlineData("4x4", "4x4")]
    [InlineData("400-499", "400-499")]
    [InlineData("-04", "-04")]
    public void AnInvalidStatusInTheSettingIsReportedAtStart(string setting, string fault)
    {
        var options = new PipelineOptions { Nimble = { ApiKey = "key" }, Collect = { FailStatuses = setting } };
        Assert.Equal(fault, PageStatuses.FaultIn(setting));
        Assert.Contains(
            "FailStatuses", Assert.Single(new PipelineOptionsValidator().Validate(null, options).Failures!));
    }

    [Fact]
    public async Task APageWithAFailStatusFailsAndIsRetryableIfItMayRecover()
    {
        int?[] statuses = [200, 404, 408, 425, 429, 503, 500];
        await using var world = await CollectWorld.StartAsync(
            options => options.Collect.FailStatuses = "4xx,503", [.. statuses.Select((_, i) => CollectWorld.Url(i))]);
        await DeliverAsync(world, statuses);
        Assert.Equal(["200", "500"], world.Records.Select(r => $"{r.GetProperty("http_status")}").Order());
        Assert.All(world.Failures, f => Assert.Equal(FailureReasons.PageStatus, f.GetProperty("reason").GetString()));
        var retryable = world.Failures.ToDictionary(
            f => f.GetProperty("url").GetString()![^1] - '1', f => f.GetProperty("retryable").GetBoolean());
        Assert.Equal(
            [(1, false), (2, true), (3, true), (4, true), (5, true)],
            retryable.OrderBy(f => f.Key).Select(f => (f.Key, f.Value)));
    }

    [Fact]
    public async Task TheManifestCountsRecordsByStatus()
    {
        int?[] statuses = [200, 404, 200, null, 503];
        await using var world = await CollectWorld.StartAsync(
            options => options.Collect.FailStatuses = "503", [.. statuses.Select((_, i) => CollectWorld.Url(i))]);
        await DeliverAsync(world, statuses);
        await world.PassAsync(TimeSpan.FromMinutes(2));
        var manifest = JsonElement.Parse(string.Join('\n', world.World.State.Lines("manifest.json")));
        Assert.Equal(
            """{"200":2,"404":1,"unknown":1}""",
            manifest.GetProperty("records_by_http_status").GetRawText().Replace(" ", "").ReplaceLineEndings(""));
        Assert.Equal(1, manifest.GetProperty("failures_by_reason").GetProperty("page_status").GetInt32());
    }

    [Fact]
    public async Task TheRetryPolicyRepostsPagesThatMayRecoverButNotThoseThatAreGone()
    {
        await using var world = await CollectWorld.StartAsync(
            options =>
            {
                options.Collect.FailStatuses = "404,503";
                options.Retry.MaxAttempts = 2;
                options.Retry.MaxShare = 1;
            },
            CollectWorld.Url(0), CollectWorld.Url(1));
        await DeliverAsync(world, [404, 503]);
        await world.World.PassAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(30));
        Assert.Equal([["https://a.example/1", "https://a.example/2"], ["https://a.example/2"]], world.World.Accepted);
    }

    private static async Task DeliverAsync(CollectWorld world, params int?[] statuses)
    {
        for (var i = 0; i < statuses.Length; i++)
        {
            var status = statuses[i] is { } code ? $",\"status_code\":{code}" : "";
            await world.DeliverAsync(
                i,
                $$"""{"task_id":"t-1-{{i}}","url":"https://a.example/{{i + 1}}","status":"success","data":"""
                    + $$"""{"html":"<p>"}{{status}} }""");
        }
        await world.ReceiveWebhookAsync([.. Enumerable.Range(0, statuses.Length)]);
    }
}
