using System.Text.Json;
using Amazon.S3;
using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.EndToEnd;

/// <summary>
/// The real command with results in third-party S3 and GCS servers, named by the clouds' own variables.
/// </summary>
[Trait("Needs", "servers")]
public sealed class OutsideStoreTests(Servers servers) : IDisposable
{
    private const int Urls = 30;
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("--compress")]
    [InlineData("--verbose")]
    public async Task ResultsAreDeliveredToSwiftAndReadFromThere(string option)
    {
        var endpoint = await servers.SwiftAsync();
        var bucket = $"e2e-{Guid.NewGuid():n}";
        using var s3 = new AmazonS3Client(
            "test:tester", "testing",
            new AmazonS3Config
            {
                ServiceURL = endpoint.AbsoluteUri,
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
            });
        await s3.PutBucketAsync(bucket, TestContext.Current.CancellationToken);

        await CompleteAsync(
            $"s3://{bucket}/results/", option,
            ("AWS_ENDPOINT_URL_S3", endpoint.AbsoluteUri), ("AWS_ACCESS_KEY_ID", "test:tester"),
            ("AWS_SECRET_ACCESS_KEY", "testing"), ("AWS_REGION", "us-east-1"));
        var listed = await s3.ListObjectsV2Async(new() { BucketName = bucket }, TestContext.Current.CancellationToken);
        Assert.Equal(Urls, listed.S3Objects.Count);
    }

    [Theory]
    [InlineData("--compress")]
    [InlineData("--verbose")]
    public async Task ResultsAreDeliveredToGcsAndReadFromThere(string option) =>
        await CompleteAsync(
            $"gs://e2e-{Guid.NewGuid():n}/results/", option,
            ("STORAGE_EMULATOR_HOST", (await servers.GcsAsync()).AbsoluteUri));

    public void Dispose() => _folder.Dispose();

    private async Task CompleteAsync(string storageUrl, string option, params IEnumerable<(string, string)> environment)
    {
        File.WriteAllLines(_folder["list.txt"], Rig.Urls(Urls));
        var (exitCode, _, error) = await CliProcess.RunAsync(
            ["run", _folder["list.txt"], "--out", _folder["out"], "--storage-url", storageUrl, option], environment);
        Assert.True(exitCode == ExitCodes.Complete, error);
        var records = File.ReadLines(_folder["out", "records.ndjson"]).Select(line => JsonElement.Parse(line)).ToList();
        Assert.Equal(Rig.Urls(Urls).Order(), records.Select(r => r.GetProperty("url").GetString()!).Order());
        Assert.All(records, r => Assert.StartsWith(storageUrl, r.GetProperty("source").GetProperty("uri").GetString()));
        Assert.All(
            records,
            r => Assert.Equal(option == "--compress", r.GetProperty("source").GetProperty("compressed").GetBoolean()));
    }
}
