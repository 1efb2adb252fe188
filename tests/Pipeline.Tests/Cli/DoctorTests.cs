using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary><c>pipeline doctor</c>, run as a user runs it.</summary>
public sealed class DoctorTests
{
    private const string Id = "11111111-2222-3333-4444-555555555555";

    [Fact]
    [Trait("Promise", "6")]
    public async Task EachCheckHasALineAndNoSecretIsShown()
    {
        using var folder = new TempFolder();
        await using var emulator = await Pipeline.Emulator.Emulator.StartAsync(
            new() { DataFolder = folder.Path, ApiKey = "right-key", Storage = Pipeline.Emulator.StorageMode.Own },
            TestContext.Current.CancellationToken);
        await emulator.EnsureBucketAsync("there");
        string[] doctor = ["doctor", "--api", emulator.BaseAddress.AbsoluteUri, "--storage-url"];
        (string, string)[] store =
        [
            ("AWS_ENDPOINT_URL_S3", emulator.S3Endpoint.AbsoluteUri),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "hidden-secret"),
        ];

        var good = await CliProcess.RunAsync(
            [.. doctor, "s3://there/results/"], [.. store, ("NIMBLE_API_KEY", "right-key")]);
        Assert.Equal((ExitCodes.Complete, ""), (good.ExitCode, good.Error));
        Assert.Matches(
            "^settings +ok .*\napi +ok .*\nbucket +ok .* a static access key.*\ncallback +ok .*\n"
                + "notify +ok .*\nazure +ok ",
            good.Output);

        Assert.Matches("\nproxy +ok +none; requests go out directly\n$", good.Output);

        var json = await CliProcess.RunAsync(
            [.. doctor, "s3://none/results/", "--json"], [.. store, ("NIMBLE_API_KEY", "right-key")]);
        var report = JsonElement.Parse(json.Output);
        Assert.Equal((ExitCodes.Usage, ExitCodes.Usage), (json.ExitCode, report.GetProperty("exit_code").GetInt32()));
        Assert.Equal(
            ["settings True", "api True", "bucket False", "callback True", "notify True", "azure True", "proxy True"],
            report.GetProperty("checks").EnumerateArray().Select(
                c => $"{c.GetProperty("name")} {c.GetProperty("ok")}"));
        Assert.Contains(
            "'none' does not exist", report.GetProperty("checks")[2].GetProperty("message").GetString(),
            StringComparison.Ordinal);

        var bad = await CliProcess.RunAsync(
            [.. doctor, "s3://none/results/"], [.. store, ("NIMBLE_API_KEY", "wrong-key")]);
        Assert.Equal(ExitCodes.Usage, bad.ExitCode);
        Assert.Matches("api +failed .*refuses the API key[^\n]*\nbucket +failed .*'none' does not exist", bad.Output);
        Assert.All(
            ["right-key", "wrong-key", "hidden-secret"],
            secret => Assert.DoesNotContain(secret, good.Output + bad.Output + bad.Error, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("mine", "eu-north-1")]
    [InlineData(null, "ap-south-1")]
    public async Task TheRegionOfTheAwsProfileIsUsed(string? profile, string region)
    {
        using var folder = new TempFolder();
        var config = Path.Combine(folder.Path, "config");
        await File.WriteAllTextAsync(
            config, "[default]\nregion = ap-south-1\n[profile mine]\nregion = eu-north-1\n",
            TestContext.Current.CancellationToken);
        await using var server = await TestServer.StartAsync(
            TestServer.Json("<Error><Code>NoSuchBucket</Code></Error>", 404));
        await CliProcess.RunAsync(
            ["doctor", "--api", server.Address.AbsoluteUri, "--storage-url", "s3://there/"],
            [
                ("AWS_CONFIG_FILE", config), .. profile is null
                    ? (IEnumerable<(string, string)>)[]
                    : [("AWS_PROFILE", profile)],
                ("AWS_ENDPOINT_URL_S3",
                    server.Address.AbsoluteUri), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY",
                    "y"), ("NIMBLE_API_KEY", "k"),
            ]);
        var signed = Assert.Single(server.Seen, r => r.PathAndQuery.StartsWith("/there", StringComparison.Ordinal));
        Assert.Contains($"/{region}/s3/aws4_request", signed.Headers["Authorization"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheApiIsAskedForOneBatchHoweverManyItHas()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json("""{"data":[]}"""));
        await CliProcess.RunAsync(["doctor", "--api", server.Address.AbsoluteUri], ("NIMBLE_API_KEY", "k"));
        Assert.Equal("/v1/batches?limit=1", Assert.Single(server.Seen).PathAndQuery);
    }

    [Fact]
    public async Task TheProxyIsNamedWithoutItsPassword()
    {
        await using var proxy = await TestServer.StartAsync(TestServer.Json("{}", 502));
        var (_, output, _) = await CliProcess.RunAsync(
            ["doctor", "--api", "http://api.example", "--storage-url", "s3://b/"],
            ("http_proxy", $"http://user:hidden@{proxy.Address.Authority}"), ("NIMBLE_API_KEY", "k"),
            ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9"));
        Assert.Contains(
            $"proxy     ok      api.example through http://{proxy.Address.Authority} "
                + "(http_proxy); 127.0.0.1:9 directly\n",
            output, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnExpiredAzureSignatureIsReported()
    {
        await using var server = await TestServer.StartAsync(context =>
        {
            context.Response.StatusCode = 403;
            context.Response.Headers["x-ms-error-code"] = "AuthenticationFailed";
            return Task.CompletedTask;
        });
        var signature =
            $"QueueEndpoint={server.Address}a;BlobEndpoint={server.Address}a;TableEndpoint={server.Address}a;"
                + "SharedAccessSignature=se=2020-01-01&sig=x";
        var (exitCode, output, _) = await CliProcess.RunAsync(
            ["doctor", "--api", server.Address.AbsoluteUri], ("AzureWebJobsStorage", signature),
            ("NIMBLE_API_KEY", "k"));
        Assert.Equal(ExitCodes.Usage, exitCode);
        Assert.Contains(
            "The shared access signature in AzureWebJobsStorage expired on 2020-01-01 00:00 UTC", output,
            StringComparison.Ordinal);
        Assert.DoesNotContain("Grant", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TrustPrintsACommandReadyToRun()
    {
        string[] who = ["--tenant", Id, "--principal", Id, "--audience", $"api://{Id}"];
        var aws = await CliProcess.RunAsync(["doctor", "trust", "--storage-url", "s3://mine/results/", .. who]);
        Assert.Equal(ExitCodes.Complete, aws.ExitCode);
        Assert.Contains(
            $"BucketName=mine Prefix=results/ TenantId={Id} IdentityPrincipalId={Id} Audience=api://{Id}", aws.Output,
            StringComparison.Ordinal);
        var google = await CliProcess.RunAsync(
            ["doctor", "trust", "--storage-url", "gs://mine/results/", "--project", "p", .. who]);
        Assert.Contains(
            $"PREFIX=results/ infra/gcp/results-bucket.sh p mine {Id} {Id} api://{Id}", google.Output,
            StringComparison.Ordinal);
        var wrong = await CliProcess.RunAsync(
            ["doctor", "trust", "--storage-url", "gs://mine/results/", .. who, "--project", "p;rm"]);
        Assert.Equal((ExitCodes.Usage, ""), (wrong.ExitCode, wrong.Output));
    }
}
