using Pipeline.Model;

namespace Pipeline.Tests.Model;

public sealed class ObjectUriTests
{
    [Theory]
    [InlineData("s3://bucket/a/b.json", "s3", "bucket", "a/b.json")]
    [InlineData("gs://bucket", "gs", "bucket", "")]
    [InlineData("azblob://container/a", "azblob", "container", "a")]
    [InlineData("S3://bucket/", "s3", "bucket", "")]
    [InlineData("file:///tmp/x y", "file", "", "/tmp/x y")]
    public void AnAddressIsParsedIntoItsParts(string text, string scheme, string bucket, string key) =>
        Assert.Equal(new ObjectUri(scheme, bucket, key), ObjectUri.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("s3://")]
    [InlineData("https://bucket/x")]
    [InlineData("bucket/x")]
    public void AnyOtherAddressIsRefusedWithTheExpectedForm(string text)
    {
        var error = Assert.Throws<PipelineException>(() => ObjectUri.Parse(text));
        Assert.Equal(
            $"'{text}' is not an object address. Write s3://bucket/prefix/, gs://bucket/prefix/, "
                + "azblob://container/prefix/ or file:///absolute/path.",
            error.Message);
    }
}
