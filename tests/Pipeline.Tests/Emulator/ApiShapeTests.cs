using System.Text.Json.Nodes;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

public sealed class ApiShapeTests
{
    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    public async Task ABatchCanBePostedFollowedAndRead(string version)
    {
        await using var lab = await EmulatorLab.StartAsync();
        var body = new JsonObject
        {
            ["inputs"] = new JsonArray(
                [.. Enumerable.Range(0, 5).Select(n => new JsonObject { ["url"] = lab.Site.Page(n) })]),
        };

        var accepted = await lab.PostAsync($"{version}/extract/batch", body);

        Assert.Equal(200, accepted.Status);
        Assert.Equal(["batch_id", "batch_size", "tasks"], Names(accepted.Body!));
        Assert.Equal(5, (int)accepted["batch_size"]);
        var batchId = (string)accepted["batch_id"]!;
        Assert.All(
            accepted["tasks"].AsArray(),
            t => Assert.Equal(["id", "state", "batch_id"], Names(t!).Intersect(["id", "state", "batch_id"])));
        Assert.All(accepted["tasks"].AsArray(), t => Assert.Equal(version == "v2", Names(t!).Contains("_query")));
        Assert.All(
            accepted["tasks"].AsArray(),
            t => Assert.Equal(("pending", batchId), ((string)t!["state"]!, (string)t["batch_id"]!)));
        await lab.FinishAsync(batchId);

        var progress = await lab.GetAsync($"{version}/batches/{batchId}/progress");
        string[] status = version == "v2" ? ["status"] : [];
        Assert.Equal(
            [.. status, "id", "completed", "completed_count", "progress", "completed_at"], Names(progress.Body!));
        Assert.Equal(
            (batchId, true, 5, 1.0),
            ((string)progress["id"]!, (bool)progress["completed"], (int)progress["completed_count"],
                (double)progress["progress"]));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", (string)progress["completed_at"]!);
        var details = await lab.GetAsync($"{version}/batches/{batchId}");
        Assert.Equal(version == "v2" ? "success" : null, (string?)details.Body!["status"]);
        Assert.Equal(Ids(accepted["tasks"]).Order(), Ids(details["tasks"]).Order());
        foreach (var task in details["tasks"].AsArray())
        {
            var download = (string)task!["download_url"]!;
            Assert.Equal($"{lab.Emulator.BaseAddress}{version}/tasks/{task["id"]}/results", download);
            var result = await lab.GetAsync(download);
            Assert.Equal((string)task["input"]!["url"]!, (string)result["url"]!);
            Assert.Equal((string)task["id"]!, (string)result["task_id"]!);
        }
    }

    [Fact]
    public async Task AV2ResultHasTheMembersOfTheVendorsSdk()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var body = JsonNode.Parse(
            $$"""{"inputs":[{"url":"{{lab.Site.Address}}/moved/7"}],"shared_inputs":{"formats":"""
                + """["html","links","screenshot"]} }""")!;
        foreach (var version in new[] { "v1", "v2" })
        {
            var details = await lab.FinishAsync(
                (string)(await lab.PostAsync($"{version}/extract/batch", body))["batch_id"]!);
            var task = details["tasks"]![0]!;
            var result = await lab.GetAsync($"{version}/tasks/{task["id"]}/results");
            Assert.Equal(
                [$"{lab.Site.Address}/page/7", "https://b.example/#x"],
                result["data"]["links"]!.AsArray().Select(link => (string)link!));
            Assert.DoesNotContain("is_v2", task["_query"]!.ToJsonString());
            if (version == "v1")
            {
                Assert.Equal(["html", "links"], Names(result["data"]));
                continue;
            }
            Assert.Equal(["html", "links", "screenshots", "redirects"], Names(result["data"]));
            Assert.Equal($"{lab.Site.Address}/linking/7", (string)result["url"]!);
            Assert.Equal(
                $$"""[{"status_code":301,"url":"{{lab.Site.Address}}/moved/7"}]""",
                result["data"]["redirects"]!.ToJsonString());
        }
    }

    [Fact]
    public async Task TasksAreNotInTheOrderOfTheInputs()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var urls = Enumerable.Range(0, 20).Select(n => lab.Site.Page(n)).ToList();
        var accepted = await lab.PostBatchAsync(urls);
        var details = await lab.FinishAsync((string)accepted["batch_id"]!);

        var urlById = details["tasks"]!.AsArray().ToDictionary(
            t => (string)t!["id"]!, t => (string)t!["input"]!["url"]!);
        var inAnswer = Ids(accepted["tasks"]).Select(id => urlById[id]).ToList();
        Assert.Equal(urls.Order(), inAnswer.Order());
        Assert.NotEqual(urls, inAnswer);
        Assert.NotEqual(urls, urlById.Values);
    }

    [Fact]
    public async Task AnAsyncTaskEchoesItsInputAndDelivery()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var body = JsonNode.Parse($$"""
            {"callback_url":"{{lab.Site.Hook("a?k=1")}}","url":"{{lab.Site.Page(7)}}","country":"US","tag":"t-1",
            "render":true,"storage_type":"s3","storage_url":"s3://b/p/"}
            """)!;

        var accepted = await lab.PostAsync("v1/extract/async", body);

        Assert.Equal((200, "success"), (accepted.Status, (string)accepted["status"]!));
        var id = (string)accepted["task"]["id"]!;
        Assert.Equal(id, accepted.Headers.GetValues("x-task-id").Single());
        Assert.True(Guid.TryParse(id, out _));
        await Patience.UntilAsync(
            async () => (string)(await lab.GetAsync($"v1/tasks/{id}"))["task"]["state"]! == "success");
        var task = (await lab.GetAsync($"v1/tasks/{id}"))["task"];
        Assert.Equal(
            $$"""{"url":"{{lab.Site.Page(7)}}","country":"US","tag":"t-1","render":true}""",
            task["input"]!.ToJsonString());
        Assert.Equal((string)body["callback_url"]!, (string)task["_query"]!["callback_url"]!);
        Assert.Equal("s3://b/p/", (string)task["_query"]!["storage_url"]!);
        Assert.Equal("US", (string)task["_query"]!["country"]!);
        Assert.Equal($"s3://b/p/{id}.json", (string)task["output_url"]!);
        Assert.Equal((200, "extract"), ((int)task["status_code"]!, (string)task["api_type"]!));
        Assert.Null(task["batch_id"]);
        Assert.Equal($"{lab.Emulator.BaseAddress}v1/tasks/{id}", (string)task["status_url"]!);
    }

    [Fact]
    public async Task SharedInputsAreDefaultsThatAnItemOverrides()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var body = JsonNode.Parse(
            """{"inputs":[{"country":"US"},{"country":"FR","driver":"vx8"},{"country":null}],"shared_inputs":"""
                + $$"""{"url":"{{lab.Site.Page(1)}}","country":"CA","locale":"en-CA"} }""")!;
        var details = await lab.FinishAsync((string)(await lab.PostAsync("v1/extract/batch", body))["batch_id"]!);

        var inputs = details["tasks"]!.AsArray().Select(t => t!["input"]!).ToList();
        Assert.All(inputs, i => Assert.Equal((lab.Site.Page(1), "en-CA"), ((string)i["url"]!, (string)i["locale"]!)));
        Assert.Equal(["CA", "FR", "US"], inputs.Select(i => (string)i["country"]!).Order());
        Assert.Equal("vx8", (string)inputs.Single(i => (string)i["country"]! == "FR")["driver"]!);
    }

    [Fact]
    public async Task TasksAreListedInPagesFromTheNewest()
    {
        await using var lab = await EmulatorLab.StartAsync();
        await lab.RunBatchAsync(25);

        var seen = new List<string>();
        var path = "v1/tasks?limit=10";
        for (var (more, pages) = (true, 0); more; pages++)
        {
            Assert.True(pages < 3);
            var page = await lab.GetAsync(path);
            seen.AddRange(Ids(page["data"]));
            Assert.Equal(25, (int)page["pagination"]["total"]!);
            more = (bool)page["pagination"]["has_next"]!;
            Assert.Equal(more, page["pagination"]["next_cursor"] is not null);
            path = $"v1/tasks?limit=10&cursor={page["pagination"]["next_cursor"]}";
        }
        Assert.Equal(25, seen.Distinct().Count());
        Assert.Equal(25, seen.Count);
    }

    [Fact]
    public async Task ListedBatchesHaveTheIdsOfTheirTasks()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var first = await lab.RunBatchAsync(2);
        var second = await lab.RunBatchAsync(3);

        var page = await lab.GetAsync("v1/batches?limit=1");
        Assert.Equal((string)second["id"]!, (string)page["data"][0]!["id"]!);
        Assert.Equal(
            Ids(second["tasks"]!).Order(), page["data"][0]!["tasks"]!.AsArray().Select(t => (string)t!).Order());
        Assert.Equal((true, 2), ((bool)page["pagination"]["has_next"]!, (int)page["pagination"]["total"]!));
        var next = await lab.GetAsync($"v1/batches?limit=1&cursor={page["pagination"]["next_cursor"]}");
        Assert.Equal((string)first["id"]!, (string)next["data"].AsArray().Single()!["id"]!);
        Assert.False((bool)next["pagination"]["has_next"]!);
    }

    [Fact]
    public async Task ATaskIsOpenAndHasNoResultWhileItsPageIsFetched()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var accepted = await lab.PostBatchAsync([$"{lab.Site.Address}/held/1", lab.Site.Page(2)]);
        var batchId = (string)accepted["batch_id"]!;
        await Patience.UntilAsync(
            async () => (int)(await lab.GetAsync($"v1/batches/{batchId}/progress"))["completed_count"] == 1);

        var progress = await lab.GetAsync($"v1/batches/{batchId}/progress");
        Assert.Equal((false, 0.5), ((bool)progress["completed"], (double)progress["progress"]));
        Assert.Null(progress.Body!["completed_at"]);
        var open = (await lab.GetAsync($"v1/batches/{batchId}"))["tasks"]
            .AsArray()
            .Single(t => t!["download_url"] is null)!;
        Assert.Equal("in_progress", (string)open["state"]!);
        Assert.Equal("pending", (string)(await lab.GetAsync($"v1/tasks/{open["id"]}"))["task"]["state"]!);
        var result = await lab.GetAsync($"v1/tasks/{open["id"]}/results");
        Assert.Equal((404, $"Task {open["id"]} has no result yet."), (result.Status, (string)result["msg"]!));
        lab.Site.Held.SetResult();
        await lab.FinishAsync(batchId);
    }

    [Theory]
    [InlineData("v1/tasks/8e8cfde8-345b-42b8-b3e2-0c61eb11e00f")]
    [InlineData("v1/tasks/8e8cfde8-345b-42b8-b3e2-0c61eb11e00f/results")]
    [InlineData("v1/batches/8e8cfde8-345b-42b8-b3e2-0c61eb11e00f")]
    [InlineData("v2/batches/8e8cfde8-345b-42b8-b3e2-0c61eb11e00f/progress")]
    [InlineData("v1/nothing")]
    public async Task AnUnknownPathOrIdIsNotFound(string path)
    {
        await using var lab = await EmulatorLab.StartAsync();
        var answer = await lab.GetAsync(path);
        Assert.Equal((404, "failed"), (answer.Status, (string)answer["status"]!));
        Assert.NotEmpty((string)answer["msg"]!);
    }

    [Theory]
    [InlineData(null, "Bearer any", 200)]
    [InlineData(null, "Bearer ", 401)]
    [InlineData(null, "Basic any", 401)]
    [InlineData("right", "Bearer right", 200)]
    [InlineData("right", "Bearer wrong", 401)]
    public async Task AnApiKeyIsRequired(string? key, string authorization, int status)
    {
        await using var lab = await EmulatorLab.StartAsync(apiKey: key);
        var answer = await lab.SendAsync(HttpMethod.Get, "v1/tasks", authorization: authorization);
        Assert.Equal(status, answer.Status);
        if (status == 401)
            Assert.Equal(["status", "msg"], Names(answer.Body!));
    }

    [Fact]
    public async Task EveryAnswerHasTheRateLimit()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var first = await lab.GetAsync("v1/tasks");
        var second = await lab.GetAsync("v1/batches/unknown");
        Assert.Equal("5000", second.Headers.GetValues("ratelimit-limit").Single());
        Assert.InRange(int.Parse(second.Headers.GetValues("ratelimit-remaining").Single()), 1, 4999);
        Assert.True(first.Headers.Contains("ratelimit-remaining"));
    }

    private static IEnumerable<string> Names(JsonNode node) => node.AsObject().Select(p => p.Key);

    private static IEnumerable<string> Ids(JsonNode tasks) => tasks.AsArray().Select(t => (string)t!["id"]!);
}
