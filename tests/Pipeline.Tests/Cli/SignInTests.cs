using Microsoft.AspNetCore.Http;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Cli;

/// <summary>
/// Sign-ins in which a cloud's SDK asks another service for credentials. The SDKs use reflection for that, so a native
/// program may lack something they need.
/// </summary>
public sealed class SignInTests
{
    private const string Role = "arn:aws:iam::123456789012:role/reader";
    private const string NoProxy = "http://127.0.0.1:9";

    private const string Token = """
        {"access_token":"t","client_id":"c","expires_in":"3600","expires_on":"4000000000","token_type":"Bearer"}
        """;

    [Theory]
    [InlineData("AssumeRole")]
    [InlineData("AssumeRoleWithWebIdentity")]
    public async Task ARoleOfAwsIsAssumed(string action)
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["token"], "token", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            folder["config"],
            $"[profile mine]\nrole_arn={Role}\nsource_profile=own\n"
                + "[profile own]\naws_access_key_id=a\naws_secret_access_key=b\n",
            TestContext.Current.CancellationToken);
        await using var server = await TestServer.StartAsync(AnswerAsync);
        (string, string)[] identity = action == "AssumeRole"
            ? [("AWS_PROFILE", "mine"), ("AWS_CONFIG_FILE", folder["config"])]
            : [("AWS_ROLE_ARN", Role), ("AWS_WEB_IDENTITY_TOKEN_FILE", folder["token"])];

        var (_, output, _) = await DoctorAsync(
            server, "s3://bucket/results/",
            [
                .. identity, ("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL_STS", server.Address.AbsoluteUri),
                ("AWS_ENDPOINT_URL_S3", server.Address.AbsoluteUri),
            ]);

        Assert.Matches("bucket +ok", output);
        Assert.Contains(server.Seen, seen => seen.Headers.TryGetValue("Authorization", out var signed)
            && signed.Contains("ASIAROLE", StringComparison.Ordinal));

        Task AnswerAsync(HttpContext context) => context.Request.Method == "POST"
            ? context.Response.WriteAsync($"""
                <{action}Response><{action}Result><Credentials>
                <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
                <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>
                <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/reader/it</Arn></AssumedRoleUser>
                </{action}Result></{action}Response>
                """)
            : context.Response.WriteAsync("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
    }

    /// <summary>The token is read; the bucket then cannot be reached, because the proxy is not there.</summary>
    [Fact]
    public async Task TheMetadataServerOfGoogleIsAsked()
    {
        await using var server = await TestServer.StartAsync(
            TestServer.Json(Token, 200, ("Metadata-Flavor", "Google")));

        var (_, output, _) = await DoctorAsync(
            server, "gs://bucket/results/", [("GCE_METADATA_HOST", server.Address.Authority)]);

        AssertAsked(server, "/computeMetadata/v1/instance/service-accounts/default/token");
        Assert.Matches("bucket +failed +GCS .* failed: the connection is refused \\(127.0.0.1:9\\)", output);
    }

    /// <summary>The token is read; the account then cannot be reached, because the proxy is not there.</summary>
    [Fact]
    public async Task TheManagedIdentityOfAzureIsAsked()
    {
        await using var server = await TestServer.StartAsync(TestServer.Json(Token));

        var (_, output, _) = await DoctorAsync(
            server, "s3://bucket/results/",
            [
                ("AZURE_POD_IDENTITY_AUTHORITY_HOST", server.Address.AbsoluteUri.TrimEnd('/')),
                ("AzureWebJobsStorage__accountName", "someaccount"),
                ("AzureWebJobsStorage__credential", "managedidentity"),
            ]);

        AssertAsked(server, "/metadata/identity/oauth2/token");
        Assert.Matches("azure +failed +.* unreachable: the connection is refused \\(127.0.0.1:9\\)", output);
    }

    private static void AssertAsked(TestServer server, string path) => Assert.Contains(
        server.Seen, seen => seen.PathAndQuery.StartsWith(path, StringComparison.Ordinal));

    private static Task<(int ExitCode, string Output, string Error)> DoctorAsync(
        TestServer server, string storage, IEnumerable<(string, string)> environment) => CliProcess.RunAsync(
            ["doctor", "--api", server.Address.AbsoluteUri, "--storage-url", storage],
            [
                .. environment, ("NIMBLE_API_KEY", "k"), ("HTTPS_PROXY", NoProxy), ("NO_PROXY", "127.0.0.1"),
            ]);
}
