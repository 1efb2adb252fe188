using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Storage.Blobs.Models;
using Pipeline.Model;
using Pipeline.Ports;
using Pipeline.Staging;
using Pipeline.Stores.Azure;
using Pipeline.Stores.Azure.Records;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Azure;

/// <summary>
/// The file of a submission that closes has exactly the records that the ledger names. Against Azurite.
/// </summary>
[Trait("Needs", "servers")]
[Trait("Promise", "7")]
public sealed class SubmissionFilesTests(Servers servers)
{
    private const string Submission = "list-000000";
    private const string File = "list/list-000000.ndjson.gz";

    private AzureAccount _account = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ExactlyTheWinningRangesAreInTheFile()
    {
        var output = await OpenAsync();
        var first = await PutAsync(output, "first", "a", "b", "c");
        var second = await PutAsync(output, "second", "b", "d", "e");
        // b won from the second part; d failed and was never announced; x is a failure without any record.
        InputEntry[] inputs =
        [
            AzureOutput.Recorded(first[0], 0), AzureOutput.Recorded(second[0], 1), AzureOutput.Recorded(first[2], 2),
            AzureOutput.Recorded(second[1], 3) with { State = InputState.Failed, Place = null },
            AzureOutput.Recorded(second[2], 4), Some.Input(Submission, 5) with { State = InputState.Failed },
        ];

        await CloseAsync(output, inputs);

        var bytes = await output.ReadAsync(AzureNames.RecordsContainer, File);
        Assert.Equal(["first a", "first c", "second b", "second e"], Texts(bytes));
        var location = Assert.Single(await output.Store.GetLocationsAsync("list", Ct));
        Assert.EndsWith("/records/" + File, location.Uri, StringComparison.Ordinal);
        Assert.Equal(
            (4, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes))),
            (location.Records, location.Bytes, location.Sha256));
    }

    [Fact]
    public async Task ARecordThatComesLaterJoinsAFileWhosePartsAreGone()
    {
        var output = await OpenAsync();
        // The parts' names put the late record in the middle of the file.
        InputEntry[] before =
        [
            AzureOutput.Recorded((await PutAsync(output, "1", "a"))[0], 0),
            AzureOutput.Recorded((await PutAsync(output, "3", "c"))[0], 2),
        ];
        await CloseAsync(output, before);
        foreach (var name in await output.NamesAsync(AzureNames.RecordsContainer))
            if (name != File)
                await Records.DeleteBlobAsync(name, cancellationToken: Ct);

        var late = AzureOutput.Recorded((await PutAsync(output, "2", "b"))[0], 1);
        await CloseAsync(output, [before[0], late, before[1]]);

        Assert.Equal(["1 a", "2 b", "3 c"], Texts(await output.ReadAsync(AzureNames.RecordsContainer, File)));
        await CloseAsync(output, [before[0], late, before[1]]);
        Assert.Equal(3, Assert.Single(await output.Store.GetLocationsAsync("list", Ct)).Records);
    }

    [Fact]
    public async Task AFileIsNeverReplacedByOneWithFewerRecords()
    {
        var output = await OpenAsync();
        InputEntry[] inputs =
        [
            .. (await PutAsync(output, "part", "a", "b")).Select((r, i) => AzureOutput.Recorded(r, i)),
        ];
        await CloseAsync(output, inputs);
        var etag = await ETagAsync();

        // Another process read the inputs before the second one got its record.
        var late = await Assert.ThrowsAsync<PipelineException>(
            () => CloseAsync(output, [inputs[0], inputs[1] with { State = InputState.Failed, Place = null }]));
        await CloseAsync(output, inputs);

        Assert.False(late.IsPermanent);
        Assert.Equal(etag, await ETagAsync());
    }

    [Fact]
    public async Task ConcurrentClosersLeaveOneWholeFile()
    {
        var output = await OpenAsync();
        var inputs = new List<InputEntry>();
        for (var i = 0; i < 10; i++)
            inputs.Add(AzureOutput.Recorded((await PutAsync(output, $"{i}", $"{i}"))[0], i));

        var closers = Enumerable.Range(0, 6).Select(
            i => CloseAsync(new(_account), [.. i % 2 == 0 ? inputs : inputs.Take(9)])).ToList();
        foreach (var closer in closers)
        {
            await Task.WhenAny(closer);
            Assert.True(closer.Exception is null or { InnerException: PipelineException { IsPermanent: false } });
        }

        await CloseAsync(output, inputs);
        Assert.Equal(10, Texts(await output.ReadAsync(AzureNames.RecordsContainer, File)).Count);
    }

    [Fact]
    public async Task RecordsOfAnOlderVersionCloseAndCount()
    {
        var output = await OpenAsync();
        foreach (var (submission, id) in new[] { (Submission, "a"), (Submission, "b"), ("list-000001", "c") })
            await WriteOldAsync(submission, id);
        var part = await PutAsync(output, "part", "d");

        // This version closes the first submission; an older one has closed the second.
        await CloseAsync(output, [
            .. new[] { "a", "b" }.Select((id, i) => AzureOutput.Recorded(new(id, Place: null), i)),
            AzureOutput.Recorded(part[0], 2),
        ]);
        var locations = await output.Store.GetLocationsAsync("list", Ct);

        Assert.Equal([3, 1], locations.Select(location => location.Records));
        Assert.Equal(["old a", "old b", "part d"], Texts(await output.ReadAsync(AzureNames.RecordsContainer, File)));
        Assert.Equal(
            ["old c"], Texts(await output.ReadAsync(AzureNames.RecordsContainer, "list/list-000001.ndjson.gz")));
        Assert.Equal(locations, await output.Store.GetLocationsAsync("list", Ct));
        Assert.Equal(
            ["a", "d"], (await output.Store.FindRecordsAsync("list", Submission, ["a", "d", "x"], Ct)).Keys.Order());
    }

    [Fact]
    public async Task OnlyPartsThatNobodyNeedsAnyMoreMayBeDeleted()
    {
        var output = await OpenAsync();
        var kept = await PutAsync(output, "kept", "a", "moved");
        var freed = await PutAsync(output, "freed", "b");
        await PutAsync(output, "lost", "b");
        await output.Store.PutRecordsAsync("open", [TextRecord.Of("z", "other")], Ct);

        await CloseAsync(output, [
            AzureOutput.Recorded(kept[0], 0), AzureOutput.Recorded(freed[0], 1),
            Some.Input(Submission, 2) with { Id = "moved", State = InputState.Moved, MovedTo = "list-000001" },
        ]);

        var marked = await Records.GetBlobsAsync(BlobTraits.Tags, BlobStates.None, prefix: null, Ct)
            .Where(blob => blob.Tags is { } tags && tags.TryGetValue("closed", out var value) && value == "true")
            .Select(blob => blob.Name).ToListAsync(Ct);
        Assert.Equal(["list/list-000000/freed.ndjson.gz", "list/list-000000/lost.ndjson.gz"], marked.Order());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ALongRangeIsCopiedByTheServiceWhereItCan(bool canCopy)
    {
        var azurite = await servers.AzureAsync();
        await using var proxy = await FaultProxy.StartAsync(azurite.Blobs);
        // Older versions of Azurite give this answer; behind a firewall the service answers 403.
        if (!canCopy)
            proxy.Instead = context =>
            {
                var isCopy = context.Request.Headers.ContainsKey("x-ms-copy-source");
                context.Response.StatusCode = isCopy ? 501 : 200;
                return Task.FromResult(isCopy);
            };
        _account = azurite.Open(blobs: proxy.Address);
        var output = new AzureOutput(_account);
        var huge = StagedRecord.FromBytes("huge", "list", Submission, Encoding.UTF8.GetBytes(
            $$"""{"id":"huge","text":"{{Convert.ToHexString(Some.Bytes(6_000_000))}}"}"""));
        StoredRecord[] stored =
        [
            .. await PutAsync(output, "1", "a"), .. await output.Store.PutRecordsAsync("2", [huge], Ct),
            .. await PutAsync(output, "3", "c"),
        ];

        await CloseAsync(output, [.. stored.Select((record, i) => AzureOutput.Recorded(record, i))]);

        var bytes = await output.ReadAsync(AzureNames.RecordsContainer, File);
        Assert.Equal(3, AzureOutput.Lines(bytes).Count);
        var location = Assert.Single(await output.Store.GetLocationsAsync("list", Ct));
        Assert.Equal(bytes.Length, location.Bytes);
        Assert.Equal(canCopy ? null : Convert.ToHexStringLower(SHA256.HashData(bytes)), location.Sha256);
        var reads = proxy.Seen.Where(r => r.Method == "GET").Select(r => r.PathAndQuery);
        Assert.Equal(canCopy, !reads.Any(path => path.Contains("/2.ndjson.gz", StringComparison.Ordinal)));
    }

    private global::Azure.Storage.Blobs.BlobContainerClient Records =>
        _account.Blobs.GetBlobContainerClient(AzureNames.RecordsContainer);

    private async Task<AzureOutput> OpenAsync() => new(_account = (await servers.AzureAsync()).Open());

    private static Task CloseAsync(AzureOutput output, IReadOnlyList<InputEntry> inputs) =>
        output.Store.CloseSubmissionAsync("list", Submission, inputs, Ct);

    private static Task<IReadOnlyList<StoredRecord>> PutAsync(AzureOutput output, string part, params string[] ids) =>
        output.Store.PutRecordsAsync(part, [.. ids.Select(id => TextRecord.Of(id, "list", Json(part, id)))], Ct);

    private async Task WriteOldAsync(string submissionId, string id)
    {
        var member = new MemoryStream();
        using (var gzip = new GZipStream(member, CompressionMode.Compress, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(Json("old", id) + "\n"));
        member.Position = 0;
        await Records.CreateIfNotExistsAsync(cancellationToken: Ct);
        await Records.UploadBlobAsync($"list/{submissionId}/{id}{RecordParts.SingleSuffix}", member, Ct);
    }

    private async Task<ETag> ETagAsync() =>
        (await Records.GetBlobClient(File).GetPropertiesAsync(cancellationToken: Ct)).Value.ETag;

    private static string Json(string part, string id) => $$"""{"id":"{{id}}","part":"{{part}}"}""";

    private static IReadOnlyList<string> Texts(byte[] gzip) =>
    [
        .. AzureOutput.Lines(gzip).Select(line => System.Text.Json.JsonElement.Parse(line))
            .Select(json => $"{json.GetProperty("part").GetString()} {json.GetProperty("id").GetString()}"),
    ];
}
