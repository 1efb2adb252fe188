using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Export;

/// <summary>Lists that are run and exported, on one machine and over a storage account.</summary>
public sealed class ExportEndToEndTests(Servers servers) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ARunWritesTheFilesOfEachListItCloses()
    {
        await RunAsync([("Pipeline__Export__Format", "parquet"), ("Pipeline__Export__Content", "none")]);

        Assert.Equal(
            [Records, Records, 0L],
            Duck.Query(
                "SELECT count(*), count(DISTINCT url), count(html) FROM "
                    + $"'{_folder["results"]}/exports/dt=*/list=*/*.parquet'")[0]);
        Assert.Contains(
            "\"complete\":true",
            File.ReadAllText(Assert.Single(Directory.GetFiles(_folder["results", "exports", "_lists"]))));
    }

    [Fact]
    [Trait("Needs", "servers")]
    public async Task AListOfAStorageAccountIsExportedAtItsCloseAndByHand()
    {
        var azurite = await servers.AzureAsync();
        (string, string)[] environment =
            [("AzureWebJobsStorage", azurite.ConnectionString()), ("Pipeline__Export__Format", "parquet")];
        await RunAsync(environment);
        var container = azurite.Open().Blobs.GetBlobContainerClient("exports");
        var blobs = await container.GetBlobsAsync(cancellationToken: TestContext.Current.CancellationToken)
            .Select(blob => blob.Name)
            .ToListAsync(TestContext.Current.CancellationToken);
        var part = Assert.Single(blobs, name => name.EndsWith("/part-0.parquet", StringComparison.Ordinal));
        var list = part.Split('/')[1]["list=".Length..];
        await container.GetBlobClient(part).DownloadToAsync(
            _folder["close.parquet"], TestContext.Current.CancellationToken);

        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["export", list, "--out", _folder["hand.parquet"]], environment);

        Assert.True(exitCode == ExitCodes.Complete, error);
        Assert.Contains($"_lists/{list}.json", blobs);
        Assert.Equal(
            Records,
            Duck.Value(
                $"SELECT count(*) FROM '{_folder["close.parquet"]}' JOIN '{_folder["hand.parquet"]}' "
                    + "USING (id, url, html, collected_at, source_uri)"));
        var (unknown, _, problem) = await CliProcess.RunAsync(
            ["export", "nowhere", "--out", _folder["no.parquet"]], environment);
        Assert.Equal(ExitCodes.Usage, unknown);
        Assert.Contains("No list 'nowhere' is known in ", problem);
    }

    private long Records => File.ReadLines(_folder["results", "records.ndjson"]).LongCount();

    /// <summary>Fetches the sample site.</summary>
    private async Task RunAsync(params (string, string)[] environment)
    {
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["run", "--out", _folder["results"]], environment);
        Assert.True(exitCode == ExitCodes.Complete, error);
    }
}
