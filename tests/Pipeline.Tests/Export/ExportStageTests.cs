using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Moq;
using Pipeline.Export.Closing;
using Pipeline.Export.Sources;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Ports;
using Pipeline.Ports.Reading;

namespace Pipeline.Tests.Export;

/// <summary>The files that are written when a list closes.</summary>
public sealed class ExportStageTests : IDisposable
{
    private const int MinPartBytes = 1 << 20;

    private readonly SomeResults _results = new();
    private readonly Queue<byte[]> _messages = new();
    private readonly PipelineOptions _options = new()
    {
        Export = new() { Format = ClosedListFormat.Parquet, PartBytes = MinPartBytes },
    };
    private Manifest _manifest = ManifestOf("2026-03-19T23:59:59.999Z");

    public void Dispose() => _results.Dispose();

    [Fact]
    public async Task AListIsWrittenInPartsThatHoldEachRowOnce()
    {
        Give(records: 40, failures: 2);
        await AnnounceAsync();

        await WorkAsync();

        Assert.InRange(Parts().Count, 3, 5);
        Assert.Equal([40L, 40L], Duck.Query(
            $"SELECT count(*), count(DISTINCT id) FROM '{Exports}/dt=*/list=*/*.parquet'")[0]);
        Assert.Equal(2L, Duck.Value($"SELECT count(*) FROM '{Exports}/_failures/dt=*/list=9a41/part-0.parquet'"));
        Assert.Equal(
            $$"""{"list_id":"9a41","dt":"2026-03-19","closed_at":"2026-03-19T23:59:59.999Z","complete":true,"""
                + $"\"record_parts\":{Parts().Count},\"failure_parts\":1}}",
            Note());
    }

    [Fact]
    public async Task AListThatClosesAgainKeepsItsDayAndLeavesNoOldFile()
    {
        Give(records: 40, failures: 2);
        await AnnounceAsync();
        await WorkAsync();
        var before = Parts().Count;

        Give(records: 12, failures: 0);
        _manifest = ManifestOf("2026-03-20T01:00:00.000Z");
        await AnnounceAsync();
        await WorkAsync();

        Assert.InRange(Parts().Count, 1, before - 1);
        Assert.Equal("12|2026-03-19", Duck.Value(
            $"SELECT count(*) || '|' || any_value(dt::VARCHAR) FROM "
                + $"read_parquet('{Exports}/dt=*/*/*.parquet', hive_partitioning=true)"));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Exports, "_failures"), "*", SearchOption.AllDirectories));
        Assert.Contains("\"complete\":true", Note());
    }

    /// <summary>A message returns if its worker was killed, before or after its file was written.</summary>
    [Fact]
    public async Task MessagesThatComeAgainChangeNothing()
    {
        Give(records: 40, failures: 2);
        await AnnounceAsync();

        await WorkAsync(times: 2);

        Assert.Equal(40L, Duck.Value($"SELECT count(DISTINCT id) FROM '{Exports}/dt=*/list=*/*.parquet'"));
        Assert.Equal(40L, Duck.Value($"SELECT count(*) FROM '{Exports}/dt=*/list=*/*.parquet'"));
        Assert.Contains("\"complete\":true", Note());
    }

    [Fact]
    public async Task UntilTheLastFileTheNoteSaysThatItIsNotComplete()
    {
        Give(records: 40, failures: 0);
        await AnnounceAsync();

        await Stage().HandleAsync(_messages.Dequeue(), TestContext.Current.CancellationToken);

        Assert.Contains("\"complete\":false", Note());
        Assert.Single(Parts());
    }

    [Fact]
    public async Task AMessageOfAnEarlierCloseDoesNothing()
    {
        Give(records: 1, failures: 0);
        await AnnounceAsync();
        _manifest = ManifestOf("2026-03-20T01:00:00.000Z");

        await WorkAsync();

        Assert.False(Directory.Exists(Exports));
    }

    [Fact]
    public async Task WithoutContentItsColumnsAreEmpty()
    {
        _options.Export.Content = ExportedContent.None;
        Give(records: 40, failures: 0);
        await AnnounceAsync();

        await WorkAsync();

        Assert.Equal("40|0", Duck.Value($"SELECT count(*)||'|'||count(html) FROM '{Exports}/dt=*/list=*/*.parquet'"));
    }

    [Fact]
    public async Task NothingIsQueuedWithoutTheSetting()
    {
        _options.Export.Format = ClosedListFormat.None;

        await AnnounceAsync();

        Assert.Empty(_messages);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"list_id":null,"closed_at":"2026-03-19T23:59:59.999Z","table":"records"}""")]
    [InlineData("""{"list_id":"9a41","closed_at":"2026-03-19T23:59:59.999Z"}""")]
    [InlineData("""{"list_id":"../../etc","closed_at":"2026-03-19T23:59:59.999Z","table":"records"}""")]
    [InlineData("""{"list_id":"9a41","closed_at":"2026-03-19T23:59:59.999Z","table":"records","part":-1}""")]
    public async Task AMessageFromElsewhereIsRefused(string body)
    {
        var problem = await Assert.ThrowsAsync<PipelineException>(
            () => Stage().HandleAsync(Encoding.UTF8.GetBytes(body), TestContext.Current.CancellationToken));

        Assert.True(problem.IsPermanent);
    }

    private string Exports => _results["exports"];

    private IReadOnlyList<string> Parts() =>
        [.. Directory.EnumerateFiles(Path.Combine(Exports, "dt=2026-03-19", "list=9a41"))];

    private string Note() => File.ReadAllText(Path.Combine(Exports, "_lists", "9a41.json"));

    // Pages that hardly compress, so a few of them fill a part.
    private void Give(int records, int failures)
    {
        var random = new Random(1);
        _results
            .WithRecords(Enumerable.Range(0, records).Select(n => SomeResults.Record(
                $"{n}", $"\"content\":{{\"html\":\"{Convert.ToBase64String(Noise(random, 600_000))}\"}}")))
            .WithFailures(Enumerable.Range(0, failures).Select(n => SomeResults.Failure($"f{n}")));
    }

    private static byte[] Noise(Random random, int bytes)
    {
        var noise = new byte[bytes];
        random.NextBytes(noise);
        return noise;
    }

    private async Task AnnounceAsync()
    {
        await using var document = new StoredDocument(
            DocumentKind.Manifest, "9a41", new("https://example.com/manifest"),
            new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(_manifest, PipelineJson.Plain.Manifest)));
        await new ExportAnnouncer(Queue(), Microsoft.Extensions.Options.Options.Create(_options))
            .AnnounceAsync(document, TestContext.Current.CancellationToken);
    }

    private async Task WorkAsync(int times = 1)
    {
        while (_messages.TryDequeue(out var message))
        {
            var waiting = _messages.Count;
            for (var time = 0; time < times; time++)
                await Stage().HandleAsync(message, TestContext.Current.CancellationToken);
            // The second delivery has already sent the next message.
            while (_messages.Count > waiting + 1)
                _messages.Dequeue();
        }
    }

    private ExportStage Stage()
    {
        var manifests = new Mock<IManifestReader>();
        manifests.Setup(m => m.ReadManifestAsync("9a41", It.IsAny<CancellationToken>())).ReturnsAsync(() => _manifest);
        return new(
            manifests.Object, _ => FolderSource.Open(_results.Folder, []),
            new(Microsoft.Extensions.Options.Options.Create(_options)), new FolderExportFiles(Exports), Queue(),
            NullLogger<ExportStage>.Instance);
    }

    private IWorkQueue Queue()
    {
        var queue = new Mock<IWorkQueue>();
        queue.Setup(q => q.SendAsync(
                QueueNames.Exports, It.IsAny<IReadOnlyList<ReadOnlyMemory<byte>>>(), TimeSpan.Zero,
                It.IsAny<CancellationToken>()))
            .Callback((string _, IReadOnlyList<ReadOnlyMemory<byte>> sent, TimeSpan _, CancellationToken _) =>
                _messages.Enqueue(sent[0].ToArray()))
            .Returns(Task.CompletedTask);
        return queue.Object;
    }

    internal static Manifest ManifestOf(string closedAt = "2026-03-19T23:59:59.999Z") => new()
    {
        ListId = "9a41",
        Inputs = 0,
        Records = 0,
        Failures = 0,
        Duplicates = 0,
        FailuresByReason = new Dictionary<string, long>(),
        RecordsByHttpStatus = new Dictionary<string, long>(),
        DiscoveredBy = new Dictionary<string, long>(),
        Submissions = [],
        Locations = [],
        CreatedAt = DateTimeOffset.UnixEpoch,
        ClosedAt = DateTimeOffset.Parse(closedAt, System.Globalization.CultureInfo.InvariantCulture),
        DurationMs = 1,
    };
}
