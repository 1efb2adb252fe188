using System.Text;
using Microsoft.AspNetCore.Http;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>A collector receives metrics and log of a run, and nothing that is secret.</summary>
public sealed class OtlpExportTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task ACollectorReceivesWhatARunDid()
    {
        await using var collector = await TestServer.StartAsync(context => context.Response.WriteAsync(""));
        await File.WriteAllLinesAsync(
            _folder["list.txt"],
            [
                .. Enumerable.Range(1, 5).Select(n => $"http://sample.test/sample/generated/{n}"),
                "http://sample.test/sample/none",
            ],
            TestContext.Current.CancellationToken);
        using var run = CliProcess.Start(
            ["run", _folder["list.txt"], "--out", _folder["out"], "--state", _folder["state"]],
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address.AbsoluteUri),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        var (exitCode, _, error) = await run.WaitAsync();
        Assert.True(exitCode is 0 or 3, error);

        var exports = collector.Seen.Where(request => request.PathAndQuery == "/v1/metrics").ToList();
        var sums = OtlpMessage.ReadSums(exports[^1].Body);
        var records = sums.Where(
            sum => sum.Key.StartsWith("pipeline.records[", StringComparison.Ordinal)).Sum(s => s.Value);
        var failures = sums.Where(
            sum => sum.Key.StartsWith("pipeline.failures[", StringComparison.Ordinal)).Sum(s => s.Value);
        Assert.Equal(6, records + failures);
        Assert.Equal(1, sums["pipeline.posts[accepted,number]"]);
        Assert.Equal(6, sums["pipeline.posted_urls[]"]);
        Assert.Equal(1, sums["pipeline.lists.closed[]"]);
        Assert.Contains("pipeline.hop.lag", OtlpMessage.ReadNames(exports[^1].Body));
        Assert.Contains("pipeline.sweep.duration", OtlpMessage.ReadNames(exports[^1].Body));
        Assert.Contains(collector.Seen, request => request.PathAndQuery == "/v1/logs");
        Assert.DoesNotContain(
            collector.Seen,
            request => Encoding.UTF8.GetString(request.Body).Contains("/api/callbacks/", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();
}
