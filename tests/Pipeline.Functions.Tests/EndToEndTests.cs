using System.Net;
using System.Text.Json;
using Azure.Storage.Blobs;
using Parquet;
using Pipeline.Functions.Tests.Host;
using Pipeline.Model;
using Pipeline.Tests.Support;

namespace Pipeline.Functions.Tests;

/// <summary>Runs a list through all functions, behind the host's queue listener.</summary>
[Trait("Needs", "servers")]
[Trait("Promise", "1")]
public sealed class EndToEndTests(Servers servers)
{
    private const string ListId = "from-the-queue";

    [Theory]
    [InlineData("")]
    [InlineData("webhook_lost=1")]
    public async Task EveryInputEndsAsOneRecordOrOneFailure(string faults)
    {
        await using var app = await FunctionsApp.StartAsync(
            new() { Azure = await servers.AzureAsync(), Faults = faults });
        var token = TestContext.Current.CancellationToken;
        var inputs = Enumerable.Range(1, 30).Select(
            i => new { url = $"http://sample.test/sample/generated/{i}?bytes=2000" });
        var list = JsonSerializer.SerializeToUtf8Bytes(
            new { list_id = ListId, inputs, shared_inputs = new { formats = new[] { "html" } } });
        await app.Queue.SendAsync(QueueNames.UrlLists, [list], TimeSpan.Zero, token);

        await SweepUntilClosedAsync(app);

        Assert.Equal((30, 0), (await app.CountAsync("records"), await app.CountAsync("failures")));
        using var http = app.Client();
        var status = JsonElement.Parse(await http.GetStringAsync($"api/status/{ListId}", token));
        Assert.Equal(("Closed", 30, 30, 0),
            (status.GetProperty("state").GetString(), status.GetProperty("inputs").GetInt32(),
            status.GetProperty("records").GetInt32(), status.GetProperty("failures").GetInt32()));
        Assert.Equal(1, status.GetProperty("submissions").GetProperty("closed").GetInt32());
        Assert.Equal(
            """{"open_lists":[],"has_more":false,"refused_lists":[]}""",
            await http.GetStringAsync("api/status", token));
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("api/status/unknown", token)).StatusCode);
        Assert.Contains(
            faults.Length == 0 ? "webhook" : "sweep", await app.ManifestAsync(ListId), StringComparison.Ordinal);
        Assert.DoesNotContain(app.Host.DroppedLogs, line => line.StartsWith("Pipeline.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AListThatClosesIsExported()
    {
        var account = await servers.AzureAsync();
        await using var app = await FunctionsApp.StartAsync(
            new() { Azure = account, Settings = [("Pipeline:Export:Format", "parquet")] });
        var token = TestContext.Current.CancellationToken;
        var list = JsonSerializer.SerializeToUtf8Bytes(new
        {
            list_id = ListId,
            inputs = Enumerable.Range(1, 12).Select(i => new { url = $"http://sample.test/sample/generated/{i}" }),
        });
        await app.Queue.SendAsync(QueueNames.UrlLists, [list], TimeSpan.Zero, token);

        await SweepUntilClosedAsync(app);

        var exports = new BlobContainerClient(account.ConnectionString(), "exports");
        var note = await ExportedAsync(exports);
        Assert.Equal(
            (1, 0),
            (note.GetProperty("record_parts").GetInt32(), note.GetProperty("failure_parts").GetInt32()));
        var part = exports.GetBlobClient($"dt={note.GetProperty("dt").GetString()}/list={ListId}/part-0.parquet");
        using var bytes = new MemoryStream();
        await part.DownloadToAsync(bytes, token);
        await using var parquet = await ParquetReader.CreateAsync(bytes, cancellationToken: token);
        Assert.Equal(12, parquet.Metadata!.NumRows);
    }

    /// <summary>Waits for the note that the list is exported as a whole.</summary>
    private static async Task<JsonElement> ExportedAsync(BlobContainerClient exports)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        var blob = exports.GetBlobClient($"_lists/{ListId}.json");
        while (true)
        {
            if (await blob.ExistsAsync(limit.Token)
                && JsonElement.Parse((await blob.DownloadContentAsync(limit.Token)).Value.Content) is var note
                && note.GetProperty("complete").GetBoolean())
                return note;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, limit.Token);
        }
    }

    /// <summary>Runs the timer repeatedly until the list is closed.</summary>
    private static async Task SweepUntilClosedAsync(FunctionsApp app)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        while (await app.Ledger.GetListAsync(ListId, limit.Token) is not { State: ListState.Closed })
        {
            Assert.Equal(
                Host.Protocol.StatusResult.Types.Status.Success,
                (await app.Host.InvokeTimerAsync("Sweep", limit.Token)).Status);
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, limit.Token);
        }
    }
}
