using Pipeline.Emulator.Buckets;

namespace Pipeline.Tests.Emulator;

/// <summary>S3's checksums of "123456789", the check value of each algorithm's own definition.</summary>
public sealed class ContentChecksumTests
{
    [Theory]
    [InlineData("crc32", "CBF43926")]
    [InlineData("crc32c", "E3069283")]
    [InlineData("crc64nvme", "AE8B14860A799888")]
    [InlineData("sha1", "F7C3BC1D808E04732ADF679965CCC34CA7AE3441")]
    [InlineData("sha256", "15E2B0D3C33891EBB0F1EF609EC419420C20E320CE94C65FBC8C3312448EB225")]
    public void EachAlgorithmGivesItsCheckValue(string algorithm, string expected)
    {
        using var checksum = ContentChecksum.For(ContentChecksum.HeaderPrefix + algorithm)!;
        checksum.Append("1234"u8);
        checksum.Append("56789"u8);
        Assert.Equal(expected, Convert.ToHexString(checksum.Finish()));
    }
}
