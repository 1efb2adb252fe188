using System.Globalization;
using System.Text.RegularExpressions;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Model;
using Pipeline.Stores;
using Pipeline.Stores.S3;
using Pipeline.Tests.Support;

namespace Pipeline.Tests.Stores.Objects;

/// <summary>Compares signatures with the one that AWS publishes and with those of its SDK.</summary>
public sealed partial class S3SignerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>
    /// "Example: GET Object" of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    /// </summary>
    [Fact]
    public void ThePublishedExampleHasThePublishedSignature()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://examplebucket.s3.amazonaws.com/test.txt");
        request.Headers.Range = new(0, 9);
        new S3Signer("us-east-1").Sign(
            request,
            new ImmutableCredentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", token: null),
            new DateTimeOffset(2013, 5, 24, 0, 0, 0, TimeSpan.Zero));
        Assert.Equal(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            Authorization(request));
    }

    [Theory]
    [InlineData("p/x.json.gz", null)]
    [InlineData("a b/ü+%~'()!*&=?#;:@,$.json", null)]
    [InlineData("list/submission/task.json", "a/session+token==")]
    public async Task TheSdkCreatesTheSameSignature(string key, string? token)
    {
        await using var server = await TestServer.StartAsync(context => context.Response.WriteAsync("x", Ct));
        AWSCredentials credentials = token is null
            ? new BasicAWSCredentials("AKID", "secret")
            : new SessionAWSCredentials("AKID", "secret", token);
        using var sdk = new AmazonS3Client(
            credentials,
            new AmazonS3Config
            {
                ServiceURL = server.Address.AbsoluteUri,
                ForcePathStyle = true,
                AuthenticationRegion = "eu-west-1",
            });
        (
            await sdk.GetObjectAsync(
                new GetObjectRequest { BucketName = "bucket", Key = key, ByteRange = new("bytes=5-") }, Ct)).Dispose();
        var seen = Assert.Single(server.Seen);
        using var store = Store(o => o with { S3Endpoint = server.Address });
        using var request = new HttpRequestMessage(HttpMethod.Get, store.Address(new ObjectUri("s3", "bucket", key)));
        string[] ours = ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];
        foreach (var name
            in SignedHeaders().Match(seen.Headers["Authorization"]).Groups[1].Value.Split(';').Except(ours))
            request.Headers.TryAddWithoutValidation(name, seen.Headers[name]);
        var signedAt = DateTimeOffset.ParseExact(
            seen.Headers["x-amz-date"], "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal);

        new S3Signer("eu-west-1").Sign(request, await credentials.GetCredentialsAsync(), signedAt);

        Assert.Equal(seen.Headers["Authorization"], Authorization(request));
        Assert.Equal(seen.Headers["x-amz-content-sha256"], request.Headers.GetValues("x-amz-content-sha256").Single());
    }

    [Fact]
    public void AnotherDayOrOtherCredentialsGetAnotherKey()
    {
        var signer = new S3Signer("us-east-1");
        var first = new ImmutableCredentials("A", "one", null);
        var now = new DateTimeOffset(2026, 3, 1, 23, 59, 59, TimeSpan.Zero);
        foreach (var (credentials, time)
            in new[]
            {
                (first, now),
                (first, now.AddSeconds(2)),
                (new("A", "two", null), now),
                (new("B", "one", null), now),
                (first, now),
            })
            Assert.Equal(Sign(new S3Signer("us-east-1"), credentials, time), Sign(signer, credentials, time));
    }

    [Theory]
    [InlineData("us-east-1", "bucket")]
    [InlineData("eu-central-1", "bucket")]
    [InlineData("eu-central-1", "bucket.with.dots")]
    [InlineData("cn-north-1", "bucket")]
    public async Task AnObjectHasTheSameAddressAsInTheSdk(string region, string bucket)
    {
        using var sdk = new AmazonS3Client(
            "A", "s", new AmazonS3Config { RegionEndpoint = RegionEndpoint.GetBySystemName(region) });
        using var store = Store(o => o with { S3Region = region });
        var expected = await sdk.GetPreSignedURLAsync(
            new()
            {
                BucketName = bucket,
                Key = "a/b ü.json",
                Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(1),
            });
        Assert.Equal(
            expected[..expected.IndexOf('?', StringComparison.Ordinal)],
            store.Address(new ObjectUri("s3", bucket, "a/b ü.json")).AbsoluteUri);
    }

    private static string Sign(S3Signer signer, ImmutableCredentials credentials, DateTimeOffset time)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://bucket.s3.amazonaws.com/key");
        signer.Sign(request, credentials, time);
        return Authorization(request);
    }

    private static string Authorization(HttpRequestMessage request) =>
        request.Headers.NonValidated["Authorization"].ToString();

    private static S3ObjectStore Store(Func<ObjectStoreOptions, ObjectStoreOptions> change) =>
        new(
            change(new() { S3AccessKey = "A", S3SecretKey = "s" }), TimeProvider.System,
            NullLogger<S3ObjectStore>.Instance);

    [GeneratedRegex("SignedHeaders=([^,]+)")]
    private static partial Regex SignedHeaders();
}
