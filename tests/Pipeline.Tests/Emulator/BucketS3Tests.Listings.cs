using Amazon.S3;

namespace Pipeline.Tests.Emulator;

public sealed partial class BucketS3Tests
{
    [Fact]
    public async Task AListingHasAllPagesInOrder()
    {
        foreach (var key in (string[])["a/1", "a/2", "b&<c>/1", "b&<c>/2", "é/1", "z", "😀"])
            await _s3.PutObjectAsync(Put(key, Bytes(3)), Ct);

        Assert.Equal(["a/1", "a/2", "b&<c>/1", "b&<c>/2", "z", "é/1", "😀"], await KeysAsync(new() { MaxKeys = 2 }));
        Assert.Equal(["a/1", "a/2"], await KeysAsync(new() { Prefix = "a/" }));
        Assert.Equal(
            ["b&<c>/1", "b&<c>/2", "z", "é/1", "😀"], await KeysAsync(new() { StartAfter = "a/2", MaxKeys = 1 }));
        var grouped = await _s3.ListObjectsV2Async(new() { BucketName = "results", Delimiter = "/" }, Ct);
        Assert.Equal(["a/", "b&<c>/", "é/"], grouped.CommonPrefixes);
        Assert.Equal(["z", "😀"], grouped.S3Objects.Select(o => o.Key));
        var first = await _s3.ListObjectsV2Async(new() { BucketName = "results", Delimiter = "/", MaxKeys = 2 }, Ct);
        var second = await _s3.ListObjectsV2Async(
            new()
            {
                BucketName = "results",
                Delimiter = "/",
                MaxKeys = 2,
                ContinuationToken = first.NextContinuationToken,
            },
            Ct);
        Assert.Equal(["a/", "b&<c>/"], first.CommonPrefixes);
        Assert.Equal(["é/"], second.CommonPrefixes);
        Assert.Equal(["z"], second.S3Objects.Select(o => o.Key));
        Assert.Null((await _s3.ListObjectsV2Async(new() { BucketName = "results", Prefix = "none" }, Ct)).S3Objects);
    }

    [Fact]
    public async Task UrlEncodingCarriesKeysThatXmlCannot()
    {
        await _host.Store.EnsureBucketAsync("odd");
        await _s3.PutObjectAsync(new() { BucketName = "odd", Key = "bell\u0001 +é/x", ContentBody = "x" }, Ct);
        using var http = new HttpClient();
        var xml = await http.GetStringAsync(new Uri(_host.Url, "s3/odd?list-type=2&encoding-type=url"), Ct);
        Assert.Contains("<Key>bell%01+%2B%C3%A9/x</Key>", xml, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManyObjectsAreDeletedAtOnce()
    {
        foreach (var key in (string[])["a", "b&", "c"])
            await _s3.PutObjectAsync(Put(key, Bytes(1)), Ct);
        var answer = await _s3.DeleteObjectsAsync(
            new()
            {
                BucketName = "results",
                Objects = [new() { Key = "a" }, new() { Key = "b&" }, new() { Key = "none" }],
            },
            Ct);
        Assert.Equal(["a", "b&", "none"], answer.DeletedObjects.Select(o => o.Key));
        Assert.Equal(["c"], await KeysAsync(new()));
    }

    [Fact]
    public async Task ABucketMustBeCreatedAndHasALocation()
    {
        await _s3.PutBucketAsync("fresh-bucket", Ct);
        Assert.Equal(["fresh-bucket", "results"], (await _s3.ListBucketsAsync(Ct)).Buckets.Select(b => b.BucketName));
        Assert.NotNull(await _s3.GetBucketLocationAsync("fresh-bucket", Ct));
        Assert.NotNull(await _s3.HeadBucketAsync(new() { BucketName = "fresh-bucket" }, Ct));
        var error = await Assert.ThrowsAsync<AmazonS3Exception>(
            () => _s3.PutObjectAsync(new() { BucketName = "no-such", Key = "k", ContentBody = "x" }, Ct));
        Assert.Equal("NoSuchBucket", error.ErrorCode);
        error = await Assert.ThrowsAsync<AmazonS3Exception>(() => _s3.PutBucketAsync("Bad_Name", Ct));
        Assert.Equal("InvalidBucketName", error.ErrorCode);
    }
}
