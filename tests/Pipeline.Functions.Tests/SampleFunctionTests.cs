using Azure.Storage.Blobs;
using Pipeline.Functions.Tests.Host;
using Pipeline.Tests.Records;
using Pipeline.Tests.Support;
using Status = Pipeline.Functions.Tests.Host.Protocol.StatusResult.Types.Status;

namespace Pipeline.Functions.Tests;

/// <summary>The Function of <c>samples/</c>, in a worker of its own under a host.</summary>
[Trait("Needs", "servers")]
public sealed class SampleFunctionTests(Servers servers)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheSampleReadsTheRecordsThatAMessageNames()
    {
        var account = await servers.AzureAsync();
        var message = await StorePartAsync(account.ConnectionString());
        await using var host = await FunctionsHost.StartAsync();
        using var worker = WorkerProcess.Start(
            host, Path.Combine(Folder, "Pipeline.Samples.Function.dll"), Folder,
            [("RecordsStorage", account.ConnectionString())]);
        try
        {
            await host.LoadAsync(Folder);

            Assert.Contains("\"records\"", Assert.Single(host.Bindings["Records"]).GetRawText());
            Assert.Equal(Status.Success, await HandleAsync(host, message));
            await host.WaitForLogAsync("200 https://www.example.com/1: 11 bytes of content");
            Assert.DoesNotContain(host.Logs, line => line.Contains("example.com/0", StringComparison.Ordinal));
            Assert.Equal(Status.Failure, await HandleAsync(host, """{"schema":"pipeline.pointer/1"}"""));
        }
        finally
        {
            worker.Kill(entireProcessTree: true);
        }
    }

    private static string Folder => Path.Combine(
        Repository.Root, "samples", "Function", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name,
        "net10.0");

    private static async Task<Status> HandleAsync(FunctionsHost host, string message) =>
        (await host.InvokeAsync(host.Request("Records", new() { String = message }), Token).WaitAsync(Limit, Token))
        .Status;

    /// <summary>Stores a part with two records. Returns a message that names the second one.</summary>
    private static async Task<string> StorePartAsync(string connection)
    {
        var container = new BlobContainerClient(connection, "records");
        await container.CreateAsync(cancellationToken: Token);
        var blob = container.GetBlobClient("list/sub-0/part.ndjson.gz");
        var (other, named) = (RecordLine.Member(RecordLine.Of(0)), RecordLine.Member(RecordLine.Of(1)));
        await blob.UploadAsync(new BinaryData((byte[])[.. other, .. named]), Token);
        var (digest, _) = RecordLine.Digest(("html", "<p>page</p>"));
        return $$"""
            {"schema":"pipeline.part/1","list_id":"list","submission_id":"sub-0","uri":"{{blob.Uri}}","records":[
            {"id":"{{RecordLine.Id(1)}}","url":"https://www.example.com/1","http_status":200,"offset":{{other.Length}},
            "length":{{named.Length}},"content_digest":"{{digest}}"}]}
            """;
    }
}
