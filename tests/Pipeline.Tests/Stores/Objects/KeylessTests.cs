using System.Globalization;
using Azure.Core;
using Azure.Identity;
using Google.Apis.Auth.OAuth2;
using Google.Apis.Auth.OAuth2.Responses;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Model;
using Pipeline.Stores;
using Pipeline.Stores.Gcs;
using Pipeline.Stores.S3;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Objects;

/// <summary>An Azure identity replaces keys at AWS and Google. Test servers stand in for both.</summary>
public sealed class KeylessTests
{
    private const string Role = "arn:aws:iam::123456789012:role/results";
    private const string Provider =
        "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/azure";
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ConcurrentCallersShareOneAssumedRole()
    {
        await using var sts = await TestServer.StartAsync(Keys("one", _time.GetUtcNow().AddHours(1)));
        using var credentials = Aws(sts);
        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(credentials.GetCredentialsAsync)));
        Assert.All(
            all, keys => Assert.Equal(("one", "secret", "session"), (keys.AccessKey, keys.SecretKey, keys.Token)));
        var form = System.Web.HttpUtility.ParseQueryString(
            System.Text.Encoding.UTF8.GetString(Assert.Single(sts.Seen).Body));
        Assert.Equal(
            ("AssumeRoleWithWebIdentity", Role, "token for api://results/.default"),
            (form["Action"], form["RoleArn"], form["WebIdentityToken"]));
        Assert.False(sts.Seen[0].Headers.ContainsKey("Authorization"));
    }

    [Fact]
    public async Task CredentialsAreRenewedFiveMinutesBeforeTheyExpire()
    {
        await using var sts = await TestServer.StartAsync(
            Keys("one", _time.GetUtcNow().AddHours(1)), Keys("two", _time.GetUtcNow().AddHours(2)));
        using var credentials = Aws(sts);
        Assert.Equal("one", (await credentials.GetCredentialsAsync()).AccessKey);
        _time.Advance(TimeSpan.FromMinutes(54));
        Assert.Equal("one", (await credentials.GetCredentialsAsync()).AccessKey);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("two", (await credentials.GetCredentialsAsync()).AccessKey);
        Assert.Equal(2, sts.Seen.Count);
    }

    [Fact]
    public async Task AnOutageOfStsIsNoErrorWhileOldCredentialsAreValid()
    {
        await using var sts = await TestServer.StartAsync(
            Keys("one", _time.GetUtcNow().AddHours(1)), Refusal(503, "ServiceUnavailable"));
        using var credentials = Aws(sts, tries: 1);
        await credentials.GetCredentialsAsync();
        _time.Advance(TimeSpan.FromMinutes(57));
        Assert.Equal("one", (await credentials.GetCredentialsAsync()).AccessKey);
        _time.Advance(TimeSpan.FromMinutes(4));
        var error = await Assert.ThrowsAsync<PipelineException>(credentials.GetCredentialsAsync);
        Assert.Equal((FailureReasons.Unavailable, false), (error.Reason, error.IsPermanent));
    }

    [Theory]
    [InlineData(503, "ServiceUnavailable")]
    [InlineData(400, "Throttling")]
    public async Task ABusyStsIsRetried(int status, string code)
    {
        await using var sts = await TestServer.StartAsync(
            Refusal(status, code), Keys("one", _time.GetUtcNow().AddHours(1)));
        using var credentials = Aws(sts);
        Assert.Equal("one", (await credentials.GetCredentialsAsync()).AccessKey);
        Assert.Equal(2, sts.Seen.Count);
    }

    [Theory]
    [InlineData(403, "AccessDenied", "Check AWS_ROLE_ARN, and that the role trusts this audience")]
    [InlineData(400, "InvalidIdentityToken", "identity provider for https://sts.windows.net/TENANT/")]
    [InlineData(400, "ExpiredTokenException", "Check the clock of this machine")]
    public async Task ARefusedTokenSaysWhichRoleWhichAudienceAndWhatToCheck(int status, string code, string advice)
    {
        await using var sts = await TestServer.StartAsync(Refusal(status, code));
        using var store = new S3ObjectStore(
            Options(sts), TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<S3ObjectStore>.Instance);
        var error = await Assert.ThrowsAsync<PipelineException>(() => store.OpenAsync(new("s3", "bucket", "a"), Ct));
        Assert.Equal((FailureReasons.AccessDenied, true), (error.Reason, error.IsPermanent));
        Assert.Contains(Role, error.Message, StringComparison.Ordinal);
        Assert.Contains("'api://results'", error.Message, StringComparison.Ordinal);
        Assert.Contains(advice, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("token for api:", error.Message, StringComparison.Ordinal);
        // The SDK itself retries this code up to four times, because STS may not have read the provider's keys yet.
        Assert.Equal(code == "InvalidIdentityToken" ? 5 : 1, sts.Seen.Count);
    }

    [Fact]
    public async Task TheStoreSignsWithTheRolesKeys()
    {
        await using var sts = await TestServer.StartAsync(Keys("ROLEKEY", TimeProvider.System.GetUtcNow().AddHours(1)));
        await using var bucket = await TestServer.StartAsync(TestServer.Json("{}"));
        using var store = new S3ObjectStore(
            Options(sts) with { S3Endpoint = bucket.Address }, TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<S3ObjectStore>.Instance);
        await using var read = await store.OpenAsync(new("s3", "bucket", "a"), Ct);
        var seen = Assert.Single(bucket.Seen);
        Assert.Contains(
            "ROLEKEY", seen.PathAndQuery + seen.Headers.GetValueOrDefault("Authorization"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMissingIdentityIsNotAnOutage()
    {
        await using var sts = await TestServer.StartAsync(Keys("one", _time.GetUtcNow()));
        using var credentials = new WebIdentityCredentials(Options(sts) with { Identity = new NoIdentity() }, _time);
        var error = await Assert.ThrowsAsync<PipelineException>(credentials.GetCredentialsAsync);
        Assert.True(error.IsPermanent);
        Assert.Contains("Assign the managed identity to this host", error.Message, StringComparison.Ordinal);
        Assert.Empty(sts.Seen);
    }

    [Theory]
    [InlineData(null, "federated")]
    [InlineData("reader@project.iam.gserviceaccount.com", "impersonated")]
    public async Task GoogleExchangesTheIdentitysTokenAndImpersonatesAServiceAccount(string? account, string expected)
    {
        var expires = TimeProvider.System.GetUtcNow().AddHours(1).ToString(
            "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        await using var google = await TestServer.StartAsync(context => context.Request.Path == "/v1/token"
            ? TestServer.Json(
                """{"access_token":"federated","issued_token_type":"urn:ietf:params:oauth:"""
                    + """token-type:access_token","token_type":"Bearer","expires_in":3600}""")(context)
            : TestServer.Json($$"""{"accessToken":"impersonated","expireTime":"{{expires}}"}""")(context));
        var credential = Google(google, account);
        Assert.Equal(expected, await credential.GetAccessTokenForRequestAsync(cancellationToken: Ct));
        Assert.Equal(expected, await credential.GetAccessTokenForRequestAsync(cancellationToken: Ct));

        Assert.Equal(account is null ? 1 : 2, google.Seen.Count);
        var form = System.Web.HttpUtility.ParseQueryString(System.Text.Encoding.UTF8.GetString(google.Seen[0].Body));
        Assert.Equal((Provider, "token for api://results/.default"), (form["audience"], form["subject_token"]));
        if (account is not null)
        {
            Assert.EndsWith(
                $"/v1/projects/-/serviceAccounts/{account}:generateAccessToken", google.Seen[1].PathAndQuery,
                StringComparison.Ordinal);
            Assert.Equal("Bearer federated", google.Seen[1].Headers["Authorization"]);
        }
    }

    [Fact]
    public async Task ARefusalOfGoogleIsExplained()
    {
        await using var google = await TestServer.StartAsync(
            TestServer.Json("""{"error":"invalid_grant","error_description":"The audience does not match"}""", 400));
        var refusal = await Assert.ThrowsAsync<TokenResponseException>(
            () => Google(google, null).GetAccessTokenForRequestAsync(cancellationToken: Ct));
        var error = GcsErrors.NotTrusted(new() { GcsProvider = Provider, TokenAudience = "api://results" }, refusal);
        Assert.Contains(
            $"Google refuses {Provider} to the token for the audience 'api://results'", error.Message,
            StringComparison.Ordinal);
        Assert.Contains("The audience does not match", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AllFaultsOfTheSettingsAreReportedTogether()
    {
        var settings = new Dictionary<string, string>
        {
            ["AWS_ENDPOINT_URL_STS"] = "sts", ["AWS_ROLE_ARN"] = "role", ["AWS_ACCESS_KEY_ID"] = "x", [
                "GOOGLE_WORKLOAD_PROVIDER"] = "pool", ["GOOGLE_SERVICE_ACCOUNT"] = "me",
        };
        var error = Assert.Throws<PipelineException>(
            () => ObjectStoreOptions.FromEnvironment(settings.GetValueOrDefault));
        Assert.Equal(
            "AWS_ENDPOINT_URL_STS is 'sts'. Write an http or https address, such as https://s3.example.com. "
            + "AWS_ROLE_ARN is 'role', which is not the ARN of a role such as arn:aws:iam::123456789012:role/results. "
            + "AWS_ROLE_ARN and AWS_ACCESS_KEY_ID are both set. Leave out the key, or the role. "
            + "GOOGLE_WORKLOAD_PROVIDER is 'pool', which is not a provider such as "
            + "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/azure. "
            + "GOOGLE_SERVICE_ACCOUNT is 'me', which is not the address of a service account. "
            + "AWS_ROLE_ARN needs AZURE_TOKEN_AUDIENCE, the audience it trusts, such as api://APP_ID.",
            error.Message);
    }

    [Fact]
    public void ATokenFileLeavesTheRoleToTheSdk()
    {
        var settings = new Dictionary<string, string>
        {
            ["AWS_ROLE_ARN"] = Role,
            ["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token",
        };
        Assert.Null(ObjectStoreOptions.FromEnvironment(settings.GetValueOrDefault).S3RoleArn);
    }

    private static ITokenAccess Google(TestServer google, string? account)
    {
        var options = new ObjectStoreOptions
        {
            GcsProvider = Provider,
            GcsServiceAccount = account,
            TokenAudience = "api://results",
            Identity = new Identity(),
            GoogleStsEndpoint = new(google.Address, "v1/token"), GoogleIamEndpoint = google.Address,
        };
        return GcsFederation.Create(options).CreateScoped("https://www.googleapis.com/auth/devstorage.read_write");
    }

    private static ObjectStoreOptions Options(TestServer sts) =>
        new()
        {
            S3RoleArn = Role,
            StsEndpoint = sts.Address,
            TokenAudience = "api://results",
            Identity = new Identity(),
        };

    private WebIdentityCredentials Aws(TestServer sts, int tries = 3) =>
        new(Options(sts) with { MaxTries = tries }, _time);

    private static Func<Microsoft.AspNetCore.Http.HttpContext, Task> Keys(string key, DateTimeOffset expires) =>
        TestServer.Json(
        $"""
        <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
        <AssumeRoleWithWebIdentityResult><Credentials>
        <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
        <SessionToken>session</SessionToken><Expiration>{expires.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}</Expiration>
        </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
        """);

    private static Func<Microsoft.AspNetCore.Http.HttpContext, Task> Refusal(int status, string code) =>
        TestServer.Json(
        """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>"""
            + $"""<Code>{code}</Code><Message>no</Message></Error></ErrorResponse>""",
        status);

    private sealed class Identity : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new($"token for {requestContext.Scopes[0]}", DateTimeOffset.MaxValue);

        public override ValueTask<AccessToken> GetTokenAsync(
            TokenRequestContext requestContext,
            CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
    }

    private sealed class NoIdentity : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            throw new CredentialUnavailableException("No identity.");

        public override ValueTask<AccessToken> GetTokenAsync(
            TokenRequestContext requestContext,
            CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
    }
}
