using System.Text.Json.Nodes;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator.Document;

/// <summary>
/// Sends every example of the API's document to the emulator. Where the document contradicts itself, the test says how,
/// and what the emulator does.
/// </summary>
public sealed class ApiDocumentTests
{
    private const int PageBytes = 2000;

    private static readonly string[] Read =
    [
        "Retrieve results", "Check a task", "List all tasks (paginated)", "Poll for batch completion",
        "Fetch the full batch details", "Retrieve results per task", "List all batches",
    ];

    private static readonly string[] Answered =
    [
        "inputs — Required", "Example 3: Same URL from multiple countries", "Example 3: Webhook notification",
        "Accepted", "Errors", "Webhooks",
    ];

    public static TheoryData<int> Posts =>
        [
            .. ApiDocument.Examples.Where(e => e is { IsRequest: true, Method: "POST", Body: not null })
                .Select(e => e.Number)];

    [Fact]
    public void NoExampleIsLeftOut()
    {
        var sent = Posts.Select(row => row.Data).ToHashSet();
        // The two lines without a body only name an address that the examples below them use.
        var rest = ApiDocument.Examples.Where(e => !sent.Contains(e.Number) && !Read.Contains(e.Section)
            && !Answered.Contains(e.Section) && e.Section is not ("Async" or "Batch"));
        Assert.Empty(rest);
        Assert.Equal(8, sent.Count);
        Assert.Equal(35, ApiDocument.Examples.Count);
    }

    [Theory]
    [MemberData(nameof(Posts))]
    public async Task EveryPostIsAnsweredAsTheDocumentSays(int number)
    {
        var example = ApiDocument.Examples[number - 1];
        await using var lab = await EmulatorLab.StartAsync("echo=none", cannedBytes: PageBytes);
        var isBatch = example.Path.EndsWith("batch", StringComparison.Ordinal);

        var answer = await PostAsync(lab, example);

        // The document's code reads response.task_id, but its own answer has the id in task.id, as the emulator's has.
        // Its answer to a batch of three says 3 in batch_size but lists only two tasks, so the third is left out.
        var expected = ApiDocument.AnswerOf(
            isBatch ? "Example 3: Same URL from multiple countries" : "Accepted");
        Assert.Empty(Shape.Differences(expected, answer.Body));
        var ids = isBatch
            ? answer["tasks"].AsArray().Select(t => (string)t!["id"]!).ToList()
            : [(string)answer["task"]["id"]!];
        var body = JsonNode.Parse(example.Body!)!;
        Assert.Equal(isBatch ? body["inputs"]!.AsArray().Count : 1, ids.Count);
        await CheckDeliveryAsync(lab, isBatch ? body["shared_inputs"]! : body, ids);
    }

    [Fact]
    public async Task AResultIsWhatTheDocumentSays()
    {
        await using var lab = await EmulatorLab.StartAsync(cannedBytes: PageBytes);
        var answer = await PostAsync(lab, ApiDocument.RequestOf("Example 1: Basic async extraction"));
        var id = (string)answer["task"]["id"]!;
        foreach (var section in new[] { "Retrieve results", "Retrieve results per task", "Check a task" })
        {
            var path = ApiDocument.RequestOf(section).Path.Replace("{task_id}", id, StringComparison.Ordinal);
            await Patience.UntilAsync(async () => (string?)(await lab.GetAsync($"v1/tasks/{id}"))["task"]["state"]
                == "success");
            var read = await lab.GetAsync(path);
            Assert.Equal(200, read.Status);
            Assert.Empty(Shape.Differences(
                ApiDocument.AnswerOf(section == "Check a task" ? section : "Retrieve results"), read.Body));
            if (section == "Check a task")
                Assert.Equal(["task"], read.Body!.AsObject().Select(member => member.Key));
        }
    }

    [Fact]
    public async Task TasksAreListedAsTheDocumentSays()
    {
        await using var lab = await EmulatorLab.StartAsync(cannedBytes: PageBytes);
        await lab.RunBatchAsync(250);
        var first = await lab.GetAsync("v1/tasks?limit=100");
        var cursor = (string)first["pagination"]["next_cursor"]!;

        var page = await lab.GetAsync(ApiDocument.RequestOf("List all tasks (paginated)").Path
            .Replace("{cursor}", cursor, StringComparison.Ordinal));

        Assert.Empty(Shape.Differences(ApiDocument.AnswerOf("List all tasks (paginated)"), page.Body));
        Assert.Equal(100, page["data"].AsArray().Count);
    }

    [Fact]
    public async Task ABatchIsFollowedAsTheDocumentSays()
    {
        await using var lab = await EmulatorLab.StartAsync("task_never=1", cannedBytes: PageBytes);
        var batch = (string)(await lab.PostBatchAsync(["http://a.test/1", "http://a.test/2"]))["batch_id"]!;
        var progress = await lab.GetAsync(PathOf("Poll for batch completion", batch));
        Assert.Empty(Shape.Differences(ApiDocument.AnswerOf("Poll for batch completion"), progress.Body));
        Assert.Equal(200, (await lab.SendAsync(HttpMethod.Put, "_admin/faults", """{"task_fail":1}""")).Status);

        batch = (string)(await lab.PostBatchAsync(["http://a.test/1", "http://a.test/2"]))["batch_id"]!;
        await lab.FinishAsync(batch);
        var details = await lab.GetAsync(PathOf("Fetch the full batch details", batch));

        // The document counts three tasks as completed and shows two.
        Assert.Empty(Shape.Differences(ApiDocument.AnswerOf("Fetch the full batch details"), details.Body));
        Assert.Equal((2, 1.0), ((int)details["completed_count"], (double)details["progress"]));
    }

    [Fact]
    public async Task BatchesAreListedAsTheDocumentSays()
    {
        await using var lab = await EmulatorLab.StartAsync(cannedBytes: PageBytes);
        await lab.RunBatchAsync(3);
        var page = await lab.GetAsync(ApiDocument.RequestOf("List all batches").Path);
        Assert.Empty(Shape.Differences(ApiDocument.AnswerOf("List all batches"), page.Body));
        Assert.Equal(1, (int)page["pagination"]["total"]!);
    }

    [Fact]
    public async Task TheFragmentOfInputsIsAccepted()
    {
        await using var lab = await EmulatorLab.StartAsync(cannedBytes: PageBytes);
        var fragment = ApiDocument.Examples.Single(e => e.Section == "inputs — Required").Text;
        var answer = await lab.SendAsync(HttpMethod.Post, "v1/extract/batch", $"{{{fragment}}}");
        var details = await lab.FinishAsync((string)answer["batch_id"]!);
        Assert.Equal(["IL", "US"], details["tasks"]!.AsArray().Select(t => (string)t!["input"]!["country"]!).Order());
    }

    [Theory]
    [InlineData(0, 400, "", """{"inputs":[{}]}""")]
    [InlineData(1, 402, "post_402", "{}")]
    [InlineData(2, 429, "post_429", "{}")]
    [InlineData(3, 500, "post_500_before", "{}")]
    [InlineData(4, 555, "post_555_before", "{}")]
    public async Task AnErrorHasTheShapeOfItsStatus(int index, int status, string faults, string body)
    {
        await using var lab = await EmulatorLab.StartAsync(faults);
        var answer = await lab.SendAsync(HttpMethod.Post, "v1/extract/batch", body);
        Assert.Equal(status, answer.Status);
        var example = ApiDocument.Examples.Where(e => e.Section == "Errors").ElementAt(index).Json;
        Assert.Empty(Shape.Differences(example, answer.Body));
        Assert.Equal(example.AsObject().Select(m => m.Key), answer.Body!.AsObject().Select(m => m.Key));
        Assert.Equal(status == 429, answer.Headers.RetryAfter is not null);
    }

    [Theory]
    [InlineData(0, "status_task")]
    [InlineData(1, "task")]
    [InlineData(2, "bare")]
    public async Task AWebhookHasEveryKnownForm(int index, string form)
    {
        await using var lab = await EmulatorLab.StartAsync($"webhook_form={form}", cannedBytes: PageBytes);
        await lab.RunBatchAsync(1, "s3://b/", callback: true);
        await Patience.UntilAsync(() => !lab.Site.Webhooks.IsEmpty);
        var example = ApiDocument.Examples.Where(e => e.Section == "Webhooks").ElementAt(index).Json;
        Assert.Empty(Shape.Differences(example, lab.Site.Webhooks.First().Body));
    }

    // The document shows the answer to a POST as the webhook's body: a finished task that is pending and has no input.
    // The emulator sends the real state and input; two faults make it send what the document shows.
    [Theory]
    [InlineData("", "success")]
    [InlineData("webhook_state=pending,echo=none", "pending")]
    public async Task TheDocumentsWebhookIsPendingOnlyOnDemand(string faults, string state)
    {
        await using var lab = await EmulatorLab.StartAsync(faults, cannedBytes: PageBytes);
        await lab.RunBatchAsync(1, callback: true);
        await Patience.UntilAsync(() => !lab.Site.Webhooks.IsEmpty);
        var task = lab.Site.Webhooks.First().Body["task"]!;
        Assert.Equal(state, (string)task["state"]!);
        Assert.Equal(faults.Length > 0 ? 0 : 1, task["input"]!.AsObject().Count);
        if (faults.Length > 0)
            Assert.Empty(Shape.Differences(
                ApiDocument.AnswerOf("Example 3: Webhook notification"), lab.Site.Webhooks.First().Body));
    }

    private static string PathOf(string section, string batch) =>
        ApiDocument.RequestOf(section).Path.Replace("{batch_id}", batch, StringComparison.Ordinal);

    /// <summary>Sends a POST of the document, with the callback to the test's own site.</summary>
    private static async Task<Answer> PostAsync(EmulatorLab lab, Example example)
    {
        var body = example.Body!.Replace("https://your-api.com/", lab.Site.Hook(""), StringComparison.Ordinal);
        var answer = await lab.SendAsync(HttpMethod.Post, example.Path, body);
        Assert.Equal(200, answer.Status);
        return answer;
    }

    /// <summary>Waits for the objects and webhooks that a POST of the document asks for.</summary>
    private static async Task CheckDeliveryAsync(EmulatorLab lab, JsonNode delivery, IReadOnlyList<string> ids)
    {
        if ((string?)delivery["storage_url"] is { } prefix)
            foreach (var id in ids)
            {
                // "Custom filename instead of the task's id" here, "filename prefix" for batches: only the first has
                // an example.
                var name = (string?)delivery["storage_object_name"] ?? id;
                var extension = (bool?)delivery["storage_compress"] == true ? ".json.gz" : ".json";
                await Patience.UntilAsync(
                    async () => await lab.ReadObjectAsync(prefix + name + extension) is not null);
            }
        if (delivery["callback_url"] is not null)
            await Patience.UntilAsync(() => lab.Site.Webhooks.Count == ids.Count);
    }
}
