using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Diagnostics;
using Pipeline.Emulator;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>A collector receives metrics, traces and log lines of a run, and no secret.</summary>
public sealed class TelemetryExportTests(TelemetryExportTests.OneRun run) : IClassFixture<TelemetryExportTests.OneRun>
{
    private static readonly string[] Stages =
        ["process url-lists", "process submissions", "process webhook", "process results", "close list"];

    [Fact]
    public void ACollectorReceivesTheMetricsOfARun()
    {
        var received = run.Collector;
        Assert.Equal(6, received.Sum("pipeline.records") + received.Sum("pipeline.failures"));
        Assert.Equal(5, received.Sum("pipeline.records", ("pipeline.http.class", "2xx")));
        Assert.Equal(1, received.Sum("pipeline.posts", ("pipeline.post.outcome", "accepted")));
        Assert.Equal(6, received.Sum("pipeline.posted_urls"));
        Assert.Equal(0.06, received.Sum("pipeline.cost.estimated"), 6);
        Assert.Equal(1, received.Sum("pipeline.lists.closed"));
        Assert.True(received.Sum("pipeline.hints", ("pipeline.hint.outcome", "new")) > 0);
        Assert.True(received.Sum("pipeline.result.bytes") > 5 * 1000);
        Assert.True(received.Sum("pipeline.record.bytes") > 5 * 1000);
        Assert.True(received.Sum("pipeline.sweep.looks") > 0);
        Assert.Equal(1000, received.Sum("pipeline.budget.limit"));
        string[] hops = ["plan", "post", "result", "collect", "list"];
        Assert.All(hops, hop => Assert.True(received.Sum("pipeline.hop.lag", ("pipeline.hop", hop)) > 0, hop));
        Assert.All(
            received.Metrics.Values.Where(point => point.Name is "pipeline.hop.lag" or "pipeline.sweep.duration"),
            point => Assert.Equal((16, "s"), (point.Bounds, point.Unit)));
        string[] gauges =
        [
            "pipeline.lists.open", "pipeline.lists.oldest_age", "pipeline.lists.count", "pipeline.submissions.count",
            "pipeline.inputs.count", "pipeline.inputs.oldest_age", "pipeline.budget.used", "pipeline.queue.length",
            "pipeline.queue.head_age",
        ];
        Assert.Empty(gauges.Except(received.Metrics.Values.Select(point => point.Name)));
    }

    [Fact]
    public void OneListIsOneTraceWithASpanForEachStageAndEachCall()
    {
        var trace = ListTrace.IdOf(OneRun.ListId).ToHexString();
        var spans = run.Collector.Spans;
        TestContext.Current.TestOutputHelper?.WriteLine(run.Collector.DrawTrace(trace));
        Assert.All(spans, span => Assert.Equal(trace, span.TraceId));
        Assert.Empty(Stages.Except(spans.Select(span => span.Name)));
        var byId = spans.ToDictionary(span => span.Id);
        Assert.All(spans, span => Assert.True(span.ParentId.Length == 0 || byId.ContainsKey(span.ParentId), span.Name));

        string Parent(string name) => byId[spans.First(span => span.Name == name).ParentId].Name;
        Assert.Equal("process url-lists", Parent("process submissions"));
        Assert.Equal("process submissions", Parent("POST nimble"));
        Assert.Contains("GET s3", spans.Select(span => span.Name));
        Assert.All(
            spans.Where(span => span.Name is "GET s3" or "GET nimble"),
            call => Assert.Contains(byId[call.ParentId].Name, (string[])["process results", "sweep submission"]));
        Assert.Contains(
            spans, span => span.Name == "process results" && byId.GetValueOrDefault(span.ParentId)?.Name
                == "process webhook");
    }

    [Fact]
    public void LogLinesOfAListBelongToItsTrace()
    {
        var trace = ListTrace.IdOf(OneRun.ListId).ToHexString();
        var logs = run.Collector.Logs;
        Assert.Contains(
            logs, log => log.Body.StartsWith($"Planned list {OneRun.ListId}. Inputs: 6", StringComparison.Ordinal)
                && log.TraceId == trace);
        Assert.Contains(logs, log => log.Body.StartsWith($"List {OneRun.ListId} is closed", StringComparison.Ordinal)
            && log.Attributes["ListId"] == OneRun.ListId && log.TraceId == trace);
    }

    /// <summary>
    /// The path of a webhook contains a token; headers and queries of requests contain keys and signatures.
    /// </summary>
    [Fact]
    [Trait("Promise", "6")]
    public void NothingThatACollectorReceivesIsASecret()
    {
        var raw = run.Collector.Raw;
        Assert.Contains(OneRun.ListId, raw, StringComparison.Ordinal);
        string[] secrets =
        [
            $"api/callbacks/{OneRun.ListId}", OneRun.ApiKey, OneRun.SecretKey, OneRun.CallbackKey, .. run.Tokens,
            "X-Amz-Signature", "Signature=", "sig=", "Bearer ", "AWS4-HMAC",
        ];
        Assert.True(run.Tokens.Count > 0);
        // A webhook's route is a dimension; its path is not.
        Assert.Contains("api/callbacks/{submission}/{token}", raw, StringComparison.Ordinal);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, raw, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Runs a small list once, with a collector and a known callback key.</summary>
    public sealed class OneRun : IAsyncLifetime
    {
        public const string ListId = "traced-list";
        public const string ApiKey = "planted-api-key-93d1";
        public const string SecretKey = "planted-aws-secret-20c7";

        public static readonly string CallbackKey = Convert.ToBase64String(
            "planted-callback-key-of-32-bytes"u8);

        private readonly TempFolder _folder = new();

        internal OtlpCollector Collector { get; private set; } = null!;

        /// <summary>The tokens of the callbacks.</summary>
        public IReadOnlyList<string> Tokens { get; private set; } = [];

        public async ValueTask InitializeAsync()
        {
            Collector = await OtlpCollector.StartAsync();
            await using var emulator = await Pipeline.Emulator.Emulator.StartAsync(
                new()
                {
                    DataFolder = _folder["emulator"], ApiKey = ApiKey, Storage = StorageMode.Own,
                    CallbackBackoff = TimeSpan.FromMilliseconds(50),
                },
                TestContext.Current.CancellationToken);
            await emulator.EnsureBucketAsync("results");
            var inputs = Enumerable.Range(1, 5)
                .Select(n => new { url = $"http://sample.test/sample/generated/{n}?bytes=2000" })
                .Append(new { url = "http://sample.test/sample/none" });
            await File.WriteAllTextAsync(
                _folder["list.json"], JsonSerializer.Serialize(new { list_id = ListId, inputs }));
            using var run = CliProcess.Start(
                [
                    "run", _folder["list.json"], "--out", _folder["out"], "--state", _folder["state"], "--api",
                    emulator.BaseAddress.AbsoluteUri, "--storage-url", "s3://results/base/",
                ],
                [
                    .. Collector.Variables, ("Pipeline__Delivery__CallbackKeys__0", CallbackKey),
                    ("NIMBLE_API_KEY", ApiKey), ("AWS_ACCESS_KEY_ID", "AKIAPLANTED"),
                    ("AWS_SECRET_ACCESS_KEY", SecretKey), ("AWS_ENDPOINT_URL_S3", emulator.S3Endpoint.AbsoluteUri),
                    ("Pipeline__Nimble__PricePerUrl", "0.01"), ("Pipeline__Guards__MaxUrlsPerDay", "1000"),
                    ("Pipeline__Collect__FailStatuses", "404"),
                ]);
            var (exitCode, _, error) = await run.WaitAsync();
            Assert.True(exitCode is ExitCodes.Complete or ExitCodes.SomeFailed, error);
            Tokens = [TokenOf($"{ListId}-000000")];
        }

        public async ValueTask DisposeAsync()
        {
            await Collector.DisposeAsync();
            _folder.Dispose();
        }

        private static string TokenOf(string submissionId) => Base64Url.EncodeToString(
            HMACSHA256.HashData(
                Convert.FromBase64String(CallbackKey), Encoding.UTF8.GetBytes(submissionId)));
    }
}
