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
    [InlineData("file:///tmp/x%20y%23", "file", "", "/tmp/x y#")]
    [InlineData("file:///tmp/a#b?c%", "file", "", "/tmp/a#b?c%")]
    [InlineData("s3://bucket/a%20b", "s3", "bucket", "a%20b")]
    [InlineData("oci://bucket/a", "oci", "bucket", "a")]
    public void AnAddressIsParsedIntoItsParts(string text, string scheme, string bucket, string key) =>
        Assert.Equal(new ObjectUri(scheme, bucket, key), ObjectUri.Parse(text));

    [Theory]
    [InlineData("/tmp/a#b?c%20d e/100%/é\n&=+;x", "file:///tmp/a%23b%3Fc%2520d%20e/100%25/%C3%A9%0A%26%3D%2B%3Bx")]
    [InlineData("/plain/folder.1/-_~", "file:///plain/folder.1/-_~")]
    public void AnyPathBecomesAUriThatEveryProgramReadsBack(string path, string uri)
    {
        Assert.Equal(uri, ObjectUri.ForFile(path).ToString());
        Assert.Equal(path, ObjectUri.Parse(uri).Key);
        Assert.Equal(path, new Uri(uri).LocalPath);
    }

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
