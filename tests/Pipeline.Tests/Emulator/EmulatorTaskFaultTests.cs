using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

public sealed class EmulatorTaskFaultTests
{
    [Fact]
    public async Task TasksFail()
    {
        await using var lab = await EmulatorLab.StartAsync("task_fail=2");
        var batch = await lab.RunBatchAsync(5, "s3://b/");
        var failed = batch["tasks"]!.AsArray().Where(t => (string)t!["state"]! == "error").ToList();
        Assert.Equal(2, failed.Count);
        Assert.Equal(3, lab.Site.Fetches);
        foreach (var task in failed)
        {
            Assert.Equal(
                ("Injected: the task failed.", "injected"), ((string)task!["error"]!, (string)task["error_type"]!));
            Assert.Null(await lab.ReadObjectAsync($"s3://b/{task["id"]}.json"));
        }
    }

    [Fact]
    public async Task TasksNeverEnd()
    {
        await using var lab = await EmulatorLab.StartAsync("task_never=1");
        var batchId = (string)(
            await lab.PostBatchAsync([lab.Site.Page(1), lab.Site.Page(2)], callback: true))["batch_id"]!;
        await Patience.UntilAsync(async () => (int)(await lab.StatsAsync())["callbacks_accepted"] == 1);
        await lab.RestartAsync();
        Assert.Equal(0, (int)(await lab.StatsAsync())["jobs_waiting"]);
        Assert.Equal(
            ["pending", "success"],
            (await lab.GetAsync($"v1/batches/{batchId}"))["tasks"].AsArray().Select(t => (string)t!["state"]!).Order());
    }

    [Fact]
    public async Task TasksStartLate()
    {
        await using var lab = await EmulatorLab.StartAsync("task_slow_ms=300");
        var accepted = await lab.PostBatchAsync([lab.Site.Page(1)]);
        var batch = await lab.FinishAsync((string)accepted["batch_id"]!);
        var task = batch["tasks"]![0]!;
        Assert.True(
            DateTimeOffset.Parse(
                (string)task["modified_at"]!) - DateTimeOffset.Parse(
                    (string)task["created_at"]!) >= TimeSpan.FromMilliseconds(299));
    }

    [Fact]
    public async Task WildStatesHaveEveryKnownName()
    {
        await using var lab = await EmulatorLab.StartAsync("task_states=wild,task_fail=0.4,seed=1");
        var accepted = await lab.PostBatchAsync(Enumerable.Range(0, 30).Select(n => $"{lab.Site.Address}/held/{n}"));
        var waiting = accepted["tasks"].AsArray().Select(t => (string)t!["state"]!).Distinct();
        Assert.Equal(["pending", "queued"], waiting.Order());
        var batchId = (string)accepted["batch_id"]!;
        await Patience.UntilAsync(
            async () =>
                (await StatesAsync(lab, batchId))
                    .Order()
                    .SequenceEqual(["error", "failed", "in_progress", "processing", "uploading"]));
        lab.Site.Held.SetResult();
        await lab.FinishAsync(batchId);
        Assert.Equal(["completed", "error", "failed", "success"], (await StatesAsync(lab, batchId)).Order());
    }

    [Fact]
    public async Task BatchDetailsHaveNullForExistingTasks()
    {
        await using var lab = await EmulatorLab.StartAsync("null_tasks=2");
        var accepted = await lab.PostBatchAsync(Enumerable.Range(0, 5).Select(n => lab.Site.Page(n)));
        var batch = await lab.FinishAsync((string)accepted["batch_id"]!);
        Assert.Equal((5, 2), (batch["tasks"]!.AsArray().Count, batch["tasks"]!.AsArray().Count(t => t is null)));
        foreach (var task in accepted["tasks"].AsArray())
            Assert.Equal("success", (string)(await lab.GetAsync($"v1/tasks/{task!["id"]}"))["task"]["state"]!);
    }

    [Theory]
    [InlineData("full", true, true)]
    [InlineData("input", true, false)]
    [InlineData("none", false, false)]
    public async Task TasksEchoAsMuchOfTheirInputAsConfigured(string echo, bool input, bool query)
    {
        await using var lab = await EmulatorLab.StartAsync($"echo={echo}");
        var task = (await lab.RunBatchAsync(1))["tasks"]![0]!;
        Assert.Equal(input ? lab.Site.Page(0) : null, (string?)task["input"]!["url"]);
        Assert.Equal(query ? lab.Site.Page(0) : null, (string?)task["_query"]?["url"]);
    }

    [Fact]
    public async Task AResultDocumentCanReportAFailure()
    {
        await using var lab = await EmulatorLab.StartAsync("result_status=blocked@1");
        var batch = await lab.RunBatchAsync(2, "s3://b/");
        Assert.All(batch["tasks"]!.AsArray(), t => Assert.Equal("success", (string)t!["state"]!));
        var statuses = new List<string>();
        foreach (var task in batch["tasks"]!.AsArray())
            statuses.Add(
                (string)JsonNode.Parse((await lab.ReadObjectAsync((string)task!["output_url"]!))!)!["status"]!);
        Assert.Equal(["blocked", "success"], statuses.Order());
    }

    [Fact]
    public async Task AnObjectIsLate()
    {
        var time = AwaitedTime.AtPresent();
        await using var lab = await EmulatorLab.StartAsync("object_late_ms=300", time: time);
        var task = (await lab.RunBatchAsync(1, "s3://b/", callback: true))["tasks"]![0]!;
        await Patience.UntilAsync(() => lab.Site.Webhooks.Count == 1);
        Assert.Null(await lab.ReadObjectAsync((string)task["output_url"]!));
        Assert.Equal(200, (await lab.GetAsync($"v1/tasks/{task["id"]}/results")).Status);
        await time.PassAsync(EmulatorLab.WaitFor(milliseconds: 300));
        await Patience.UntilAsync(async () => await lab.ReadObjectAsync((string)task["output_url"]!) is not null);
    }

    [Theory]
    [InlineData("missing", false)]
    [InlineData("truncated", false)]
    [InlineData("truncated", true)]
    [InlineData("bitflip", false)]
    [InlineData("bitflip", true)]
    [InlineData("empty", true)]
    [InlineData("mislabelled", false)]
    [InlineData("mislabelled", true)]
    [InlineData("trailing", false)]
    [InlineData("trailing", true)]
    public async Task AnObjectIsDamaged(string damage, bool compress)
    {
        await using var lab = await EmulatorLab.StartAsync($"object_{damage}");
        var task = (await lab.RunBatchAsync(1, "s3://b/", compress))["tasks"]![0]!;
        var good = await lab.ReadGoodObjectAsync((string)task["id"]!, compress);

        var damaged = await lab.ReadObjectAsync((string)task["output_url"]!);

        switch (damage)
        {
            case "missing":
                Assert.Null(damaged);
                break;
            case "truncated":
                Assert.InRange(damaged!.Length, 1, good.Length - 1);
                Assert.Equal(good.Take(damaged.Length), damaged);
                break;
            case "bitflip":
                Assert.Equal(good.Length, damaged!.Length);
                Assert.Equal(1, good.Zip(damaged, (x, y) => BitOperations.PopCount((uint)(x ^ y))).Sum());
                Assert.False(IsWhole(damaged, compress));
                break;
            case "empty":
                Assert.Empty(damaged!);
                break;
            case "mislabelled":
                Assert.Equal(await lab.ReadGoodObjectAsync((string)task["id"]!, !compress), damaged);
                break;
            case "trailing":
                Assert.Equal(good, damaged!.Take(good.Length));
                Assert.True(damaged!.Length > good.Length);
                break;
        }
        Assert.Equal(0, (int)(await lab.StatsAsync())["jobs_waiting"]);
    }

    [Theory]
    [InlineData("missing", false, 1)]
    [InlineData("empty", true, 2)]
    [InlineData("object_late", false, 2)]
    public async Task ADamagedObjectHealsEvenAfterARestart(string damage, bool compress, int writes)
    {
        await using var lab = await EmulatorLab.StartAsync(
            $"{(damage == "object_late" ? "object_late_ms=100,object_empty" : $"object_{damage}")},object_heal_ms=200");
        var task = (await lab.RunBatchAsync(1, "s3://b/", compress))["tasks"]![0]!;
        await lab.RestartAsync();
        await Patience.UntilAsync(async () => (int)(await lab.StatsAsync())["jobs_waiting"] == 0);
        Assert.Equal(
            await lab.ReadGoodObjectAsync((string)task["id"]!, compress),
            await lab.ReadObjectAsync((string)task["output_url"]!));
        Assert.Equal(writes, (int)(await lab.StatsAsync())["objects_delivered"]);
    }

    private static async Task<IEnumerable<string>> StatesAsync(EmulatorLab lab, string batchId) =>
        (await lab.GetAsync($"v1/batches/{batchId}"))["tasks"].AsArray().Select(t => (string)t!["state"]!).Distinct();

    private static bool IsWhole(byte[] bytes, bool compressed)
    {
        try
        {
            // Decode the bytes, because the JSON parser does not check UTF-8 inside strings.
            using var document = JsonDocument.Parse(
                new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(
                    compressed ? DeliveryTests.Gunzip(bytes) : bytes));
            return true;
        }
        catch (Exception error) when (error is JsonException or InvalidDataException or DecoderFallbackException)
        {
            return false;
        }
    }
}
