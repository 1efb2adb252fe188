using System.Text;
using System.Text.Json.Nodes;

namespace Pipeline.Tests.Emulator;

public sealed class ApiValidationTests
{
    [Theory]
    [InlineData("""{}""", "inputs: must be an array")]
    [InlineData("""[]""", "body: must be an object")]
    [InlineData("""{"inputs":[]}""", "inputs: must have 1 to 1000 items, not 0")]
    [InlineData("""{"inputs":["http://x.test/"]}""", "inputs.0: must be an object")]
    [InlineData("""{"inputs":[{"url":"http://x.test/"},{"country":"US"}]}""", "inputs.1.url: is required")]
    [InlineData("""{"inputs":[{"url":"ftp://x.test/"}]}""", "inputs.0.url: must be an absolute http or https URL")]
    [InlineData("""{"inputs":[{"url":"/path"}]}""", "inputs.0.url: must be an absolute http or https URL")]
    [InlineData("""{"inputs":[{"url":7}]}""", "inputs.0.url: must be a string")]
    [InlineData(
        """{"inputs":[{"url":"http://x.test/","formats":["html","pdf"]}]}""",
        "inputs.0.formats: each must be one of html, markdown, text, screenshot, links")]
    [InlineData("""{"inputs":[{"url":"http://x.test/","formats":"html"}]}""", "inputs.0.formats: must be an array")]
    [InlineData("""{"inputs":[{"url":"http://x.test/","parse":"yes"}]}""", "inputs.0.parse: must be a boolean")]
    [InlineData(
        """{"inputs":[{"url":"http://x.test/","callback_url":"http://x.test/"}]}""",
        "inputs.0.callback_url: applies to the whole batch; move it to shared_inputs")]
    [InlineData(
        """{"inputs":[{"url":"http://x.test/"}],"storage_url":"s3://b/"}""",
        "storage_url: is not allowed here; move it to shared_inputs")]
    [InlineData("""{"inputs":[{"url":"http://x.test/"}],"shared_inputs":[]}""", "shared_inputs: must be an object")]
    [InlineData(
        """{"inputs":[{"url":"http://x.test/"}],"shared_inputs":{"storage_type":"azure","storage_url":"azure://b/"}}""",
        "shared_inputs.storage_type: must be one of s3, gs")]
    [InlineData(
        """{"inputs":[{"url":"http://x.test/"}],"shared_inputs":{"storage_type":"s3","storage_url":"gs://b/"}}""",
        "shared_inputs.storage_url: must be s3://bucket/prefix/")]
    [InlineData(
        """{"inputs":[{"url":"http://x.test/"}],"shared_inputs":{"storage_type":"s3","storage_url":"s3:///p"}}""",
        "shared_inputs.storage_url: must be s3://bucket/prefix/")]
    [InlineData(
        """{"inputs":[{"url":"http://x.test/"}],"shared_inputs":{"storage_url":"s3://b/"}}""",
        "shared_inputs.storage_type: must be given together with storage_url")]
    [InlineData(
        """{"inputs":[{"url":"http://x.test/"}],"shared_inputs":{"storage_compress":1}}""",
        "shared_inputs.storage_compress: must be a boolean")]
    [InlineData(
        """{"inputs":[{"url":"http://x.test/"}],"shared_inputs":{"callback_url":"hook"}}""",
        "shared_inputs.callback_url: must be an absolute http or https URL")]
    [InlineData("""{"inputs":[{"url":"http://x.test/\ud800"}]}""", "body: has a string that is not valid Unicode")]
    [InlineData("""{"inputs":[""", "body: must be valid JSON; the error is in line 1, byte 11")]
    public async Task AnInvalidBatchIsRefusedWithItsError(string body, string error)
    {
        await using var lab = await EmulatorLab.StartAsync();

        var answer = await lab.SendAsync(HttpMethod.Post, "v1/extract/batch", body);

        Assert.Equal(400, answer.Status);
        Assert.Equal(["status", "msg", "error", "details"], answer.Body!.AsObject().Select(p => p.Key));
        Assert.Equal(("failed", error), ((string)answer["status"]!, (string)answer["msg"]!));
        Assert.Equal([error], answer["details"]["schema_validation_errors"]!.AsArray().Select(e => (string)e!));
        Assert.Equal(0, (int)(await lab.StatsAsync())["tasks"]["total"]!);
    }

    [Theory]
    [InlineData("""{"formats":["html"]}""", "url: is required")]
    [InlineData("""{"url":null}""", "url: is required")]
    [InlineData(
        """{"url":"http://x.test/","storage_type":"gs"}""", "storage_type: must be given together with storage_url")]
    [InlineData(
        """{"url":"http://x.test/","storage_object_name":""}""",
        "storage_object_name: must be 1 to 512 characters without control characters")]
    public async Task AnInvalidTaskIsRefusedWithItsError(string body, string error)
    {
        await using var lab = await EmulatorLab.StartAsync();
        var answer = await lab.SendAsync(HttpMethod.Post, "v2/extract/async", body);
        Assert.Equal((400, error), (answer.Status, (string)answer["details"]["schema_validation_errors"]![0]!));
    }

    [Fact]
    public async Task AllErrorsAreReportedAtOnce()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var answer = await lab.SendAsync(
            HttpMethod.Post, "v1/extract/batch",
            """{"inputs":[{"url":"x"},{"url":"http://x.test/"},{"url":"y","tag":1}]}""");
        Assert.Equal(
            "The request has 3 errors. The first: inputs.0.url: must be an absolute http or https URL",
            (string)answer["msg"]!);
        Assert.Equal(3, answer["details"]["schema_validation_errors"]!.AsArray().Count);
    }

    [Fact]
    public async Task ABatchHasAtMostAThousandInputs()
    {
        await using var lab = await EmulatorLab.StartAsync("task_never");
        var urls = Enumerable.Range(0, 1001).Select(n => lab.Site.Page(n)).ToList();
        Assert.Equal(1000, (int)(await lab.PostBatchAsync(urls.Take(1000)))["batch_size"]);
        Assert.Equal("inputs: must have 1 to 1000 items, not 1001", (string)(await lab.PostBatchAsync(urls))["msg"]!);
    }

    [Fact]
    public async Task ABodyOver16MiBIsRefused()
    {
        await using var lab = await EmulatorLab.StartAsync();
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", "any");
        http.DefaultRequestHeaders.ExpectContinue = true;
        using var content = new ByteArrayContent(
            Encoding.UTF8.GetBytes($$"""{"url":"http://x.test/","note":"{{new string('x', 16 << 20)}}"}"""));
        using var answer = await http.PostAsync(
            new Uri(lab.Emulator.BaseAddress, "v1/extract/async"), content, TestContext.Current.CancellationToken);
        Assert.Equal(413, (int)answer.StatusCode);
        Assert.Equal(
            "failed",
            (string)JsonNode.Parse(
                await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["status"]!);
    }

    [Theory]
    [InlineData("v1/tasks?limit=0", "limit: must be a whole number from 1 to 1000")]
    [InlineData("v1/tasks?limit=x", "limit: must be a whole number from 1 to 1000")]
    [InlineData("v1/batches?limit=101", "limit: must be a whole number from 1 to 100")]
    [InlineData("v1/tasks?cursor=nonsense", "cursor: must be a next_cursor of this API")]
    public async Task AnInvalidLimitOrCursorIsRefused(string path, string error)
    {
        await using var lab = await EmulatorLab.StartAsync();
        var answer = await lab.GetAsync(path);
        Assert.Equal((400, error), (answer.Status, (string)answer["msg"]!));
    }
}
