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
    [InlineData("oci://bucket/a", "oci", "bucket", "a")]
    public void AnAddressIsParsedIntoItsParts(string text, string scheme, string bucket, string key) =>
        Assert.Equal(new ObjectUri(scheme, bucket, key), ObjectUri.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("s3://")]
    [InlineData("bucket/x")]
    [InlineData("://bucket/x")]
    [InlineData("s 3://bucket/x")]
    [InlineData("s3://bucket/x\ny")]
    public void AnyOtherAddressIsRefusedWithTheExpectedForm(string text)
    {
        var error = Assert.Throws<PipelineException>(() => ObjectUri.Parse(text));
        Assert.Equal(
            $"'{text}' is not an object address. Write scheme://bucket/prefix/, such as s3://my-bucket/results/, "
                + "or file:///absolute/path.",
            error.Message);
    }
}
