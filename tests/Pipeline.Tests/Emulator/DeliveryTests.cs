using System.IO.Compression;
using System.Text.Json.Nodes;
using Amazon.Runtime;
using Pipeline.Emulator;
using Pipeline.Emulator.Work.Delivery;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Emulator;

public sealed class DeliveryTests
{
    [Theory]
    [InlineData("s3://bucket/pre/fix/", false, "s3://bucket/pre/fix/{0}.json")]
    [InlineData("s3://bucket/pre/fix", true, "s3://bucket/pre/fix/{0}.json.gz")]
    [InlineData("s3://bucket", false, "s3://bucket/{0}.json")]
    [InlineData("gs://bucket/a b/ü/", true, "gs://bucket/a b/ü/{0}.json.gz")]
    [InlineData("gs://bucket/", false, "gs://bucket/{0}.json")]
    public async Task EveryTaskOfABatchHasAnObjectNamedAfterItsId(string storage, bool compress, string expected)
    {
        await using var lab = await EmulatorLab.StartAsync();
        var batch = await lab.RunBatchAsync(3, storage, compress);
        foreach (var task in batch["tasks"]!.AsArray())
        {
            var uri = (string)task!["output_url"]!;
            Assert.Equal(string.Format(expected, task["id"]), uri);
            var bytes = await lab.ReadObjectAsync(uri);
            var document = JsonNode.Parse(compress ? Gunzip(bytes!) : bytes!)!;
            Assert.Equal(
                (await lab.GetAsync((string)task["download_url"]!)).Body!.ToJsonString(), document.ToJsonString());
        }
        Assert.Equal(3, (int)(await lab.StatsAsync())["objects_delivered"]);
    }

    [Fact]
    public async Task AResultHasThePageAndTheMetadataOfItsTask()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var body = JsonNode.Parse(
            $$"""{"url":"{{lab.Site.Page("ü\u0301")}}","formats":["html"],"parse":"""
                + """true,"country":"DE","locale":"de-DE","tag":"t","driver":"vx10"}""")!;
        var id = (string)(await lab.PostAsync("v1/extract/async", body))["task"]["id"]!;
        await Patience.UntilAsync(async () => (await lab.GetAsync($"v1/tasks/{id}/results")).Status == 200);

        var result = (await lab.GetAsync($"v1/tasks/{id}/results")).Body!.AsObject();

        Assert.Equal(["url", "task_id", "status", "data", "metadata", "status_code"], result.Select(p => p.Key));
        Assert.Equal((string)body["url"]!, (string)result["url"]!);
        Assert.Equal(
            (id, "success", 200), ((string)result["task_id"]!, (string)result["status"]!, (int)result["status_code"]!));
        Assert.Equal(TestSite.Html("ü\u0301"), (string)result["data"]!["html"]!);
        Assert.NotNull(result["data"]!["parsing"]);
        Assert.Equal(
            ["query_time", "query_duration", "driver", "country", "locale", "tag"],
            result["metadata"]!.AsObject().Select(p => p.Key));
        Assert.Equal(("vx10", "DE", "de-DE", "t"),
            ((string)result["metadata"]!["driver"]!, (string)result["metadata"]!["country"]!,
                (string)result["metadata"]!["locale"]!, (string)result["metadata"]!["tag"]!));
    }

    [Fact]
    public async Task AMissingPageIsASuccessWithStatus404()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var batch = await lab.FinishAsync(
            (string)(await lab.PostBatchAsync([$"{lab.Site.Address}/gone/1"], "s3://b/"))["batch_id"]!);
        var task = batch["tasks"]![0]!;
        Assert.Equal(("success", 404), ((string)task["state"]!, (int)task["status_code"]!));
        var result = JsonNode.Parse((await lab.ReadObjectAsync((string)task["output_url"]!))!)!;
        Assert.Equal(
            (404, "success", TestSite.Html("1")),
            ((int)result["status_code"]!, (string)result["status"]!, (string)result["data"]!["html"]!));
    }

    [Fact]
    public async Task AnUnreachablePageIsAnErrorWithoutAnObject()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var batch = await lab.FinishAsync(
            (string)(await lab.PostBatchAsync(["http://127.0.0.1:1/"], "s3://b/"))["batch_id"]!);
        var task = batch["tasks"]![0]!;
        Assert.Equal("error", (string)task["state"]!);
        Assert.NotEmpty((string)task["error"]!);
        Assert.NotEmpty((string)task["error_type"]!);
        Assert.Null(task["output_url"]);
        Assert.Null(await lab.ReadObjectAsync($"s3://b/{task["id"]}.json"));
        Assert.Equal(404, (await lab.GetAsync($"v1/tasks/{task["id"]}/results")).Status);
    }

    [Fact]
    public async Task AnObjectNameReplacesTheIdOfASingleTask()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var body = JsonNode.Parse(
            $$"""{"url":"{{lab.Site.Page(1)}}","storage_type":"s3","storage_url":"s3://b/x/","storage_compress":"""
                + """true,"storage_object_name":"my-name"}""")!;
        await lab.PostAsync("v1/extract/async", body);
        await Patience.UntilAsync(async () => await lab.ReadObjectAsync("s3://b/x/my-name.json.gz") is not null);
    }

    [Fact]
    public async Task AnObjectNamePrecedesTheIdInABatch()
    {
        await using var lab = await EmulatorLab.StartAsync();
        var body = JsonNode.Parse(
            $$"""{"inputs":[{"url":"{{lab.Site.Page(1)}}"},{"url":"{{lab.Site.Page(2)}}"}],"shared_inputs":"""
                + """{"storage_type":"s3","storage_url":"s3://b/","storage_object_name":"n"} }""")!;
        var batch = await lab.FinishAsync((string)(await lab.PostAsync("v1/extract/batch", body))["batch_id"]!);
        Assert.All(batch["tasks"]!.AsArray(), t => Assert.Equal($"s3://b/n-{t!["id"]}.json", (string)t["output_url"]!));
    }

    [Theory]
    [InlineData(StorageMode.Auto, "", false, false)]
    [InlineData(StorageMode.Auto, "AWS_ENDPOINT_URL_S3", true, false)]
    [InlineData(StorageMode.Auto, "AWS_ACCESS_KEY_ID", true, false)]
    [InlineData(StorageMode.Auto, "STORAGE_EMULATOR_HOST", false, true)]
    [InlineData(StorageMode.Auto, "GOOGLE_APPLICATION_CREDENTIALS", false, true)]
    [InlineData(StorageMode.Own, "AWS_ENDPOINT_URL_S3", false, false)]
    [InlineData(StorageMode.Outside, "", true, true)]
    public void ObjectsGoToACloudWhoseVariablesAreSet(StorageMode mode, string variable, bool s3, bool gcs)
    {
        var settings = StorageSettings.From(mode, name => name == variable ? "value" : null);
        Assert.Equal((s3, gcs), (settings.S3Outside, settings.GcsOutside));
    }

    [Theory]
    [InlineData("s3://b/x/")]
    [InlineData("gs://b/x/")]
    public async Task AnEmulatorDeliversToTheBucketsOfAnother(string storage)
    {
        await using var other = await EmulatorLab.StartAsync();
        // The first delivery creates the bucket.
        await other.RunBatchAsync(1, storage);
        var settings = new StorageSettings(
            true, other.Emulator.S3Endpoint.AbsoluteUri, true, other.Emulator.GcsEndpoint.AbsoluteUri);
        using var s3 = new S3Writer(settings, new BasicAWSCredentials("key", "secret"));
        using var gcs = new GcsWriter(settings);
        using var content = new MemoryStream("{}"u8.ToArray());
        var address = new DeliveryAddress(storage[..2], "b", "x/é 1.json");
        if (storage.StartsWith("s3", StringComparison.Ordinal))
            await s3.WriteAsync(address, content, "application/json", TestContext.Current.CancellationToken);
        else
            await gcs.WriteAsync(address, content, "application/json", TestContext.Current.CancellationToken);
        Assert.Equal("{}"u8.ToArray(), await other.ReadObjectAsync(storage + "é 1.json"));
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("gs")]
    public async Task UnreachableStorageIsReportedWithTheObjectsAddress(string scheme)
    {
        var settings = new StorageSettings(true, "http://127.0.0.1:1/", true, "127.0.0.1:1");
        using var s3 = new S3Writer(settings, new BasicAWSCredentials("key", "secret"));
        using var gcs = new GcsWriter(settings);
        using var content = new MemoryStream("{}"u8.ToArray());
        var address = new DeliveryAddress(scheme, "b", "k.json");
        var error = await Assert.ThrowsAsync<DeliveryException>(() => scheme == "s3"
            ? s3.WriteAsync(address, content, "application/json", TestContext.Current.CancellationToken)
            : gcs.WriteAsync(address, content, "application/json", TestContext.Current.CancellationToken));
        Assert.StartsWith($"Could not write {scheme}://b/k.json: ", error.Message, StringComparison.Ordinal);
    }

    internal static byte[] Gunzip(byte[] bytes)
    {
        using var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
        using var all = new MemoryStream();
        gzip.CopyTo(all);
        return all.ToArray();
    }
}
