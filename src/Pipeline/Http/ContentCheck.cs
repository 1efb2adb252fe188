using System.IO.Hashing;
using System.Security.Cryptography;

namespace Pipeline.Http;

/// <summary>Verifies the checksum that a store gives for a whole object, while the object is read.</summary>
internal sealed class ContentCheck : IDisposable
{
    private readonly byte[] _expected;
    private readonly NonCryptographicHashAlgorithm? _crc;
    private readonly IncrementalHash? _hash;

    private ContentCheck(string name, byte[] expected, NonCryptographicHashAlgorithm crc) =>
        (Name, _expected, _crc) = (name, expected, crc);

    private ContentCheck(string name, byte[] expected, HashAlgorithmName hash) =>
        (Name, _expected, _hash) = (name, expected, IncrementalHash.CreateHash(hash));

    /// <summary>The algorithm and its expected value, for messages.</summary>
    public string Name => field + " " + Convert.ToBase64String(_expected);

    /// <summary>
    /// Whether it may not be a checksum: an ETag of 32 digits is an MD5 hash at Amazon, but not at every gateway or
    /// after a restore.
    /// </summary>
    public bool IsWeak { get; private init; }

    /// <summary>
    /// The cheapest check that S3 offers: a full-object <c>x-amz-checksum-*</c>, otherwise the ETag if it is an MD5
    /// hash (not for multipart uploads, KMS or customer keys).
    /// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    /// </summary>
    public static ContentCheck? ForS3(HttpResponseMessage response)
    {
        if (Header(response, "x-amz-checksum-type") is not "COMPOSITE")
        {
            if (Base64(Header(response, "x-amz-checksum-crc32c"), 4) is { } crc32C)
                return new("CRC-32C", crc32C, new Crc32(Crc32ParameterSet.Crc32C));
            if (Base64(Header(response, "x-amz-checksum-crc32"), 4) is { } crc32)
                return new("CRC-32", crc32, new Crc32());
            if (Base64(Header(response, "x-amz-checksum-crc64nvme"), 8) is { } crc64)
                return new("CRC-64/NVME", crc64, new Crc64(Crc64ParameterSet.Nvme));
            if (Base64(Header(response, "x-amz-checksum-sha256"), 32) is { } sha256)
                return new("SHA-256", sha256, HashAlgorithmName.SHA256);
        }

        var etag = Header(response, "ETag")?.Trim('"');
        var isMd5 = etag is { Length: 32 } && etag.All(char.IsAsciiHexDigit)
            && Header(response, "x-amz-server-side-encryption") is null or "AES256"
            && Header(response, "x-amz-server-side-encryption-customer-algorithm") is null;
        return isMd5 ? new("MD5", Convert.FromHexString(etag!), HashAlgorithmName.MD5) { IsWeak = true } : null;
    }

    /// <summary>The CRC-32C of the stored bytes in <c>x-goog-hash</c>, which every GCS object has.</summary>
    public static ContentCheck? ForGcs(HttpResponseMessage response)
    {
        if (!response.Headers.NonValidated.TryGetValues("x-goog-hash", out var values))
            return null;
        var crc = values.SelectMany(v => v.Split(',')).Select(v => v.Trim()).FirstOrDefault(
            v => v.StartsWith("crc32c=", StringComparison.Ordinal));
        return ForCrc32C(crc?["crc32c=".Length..]);
    }

    /// <summary>
    /// The MD5 hash of an Azure blob; present if the writer gave one or wrote the blob in one request.
    /// </summary>
    public static ContentCheck? ForBlob(HttpResponseMessage response) =>
        response.Content.Headers.NonValidated.TryGetValues("Content-MD5", out var values)
            && Base64(values.FirstOrDefault(), 16) is { } md5
            ? new("MD5", md5, HashAlgorithmName.MD5)
            : null;

    /// <summary>Parses a CRC-32C: base64 of its four bytes, big-endian.</summary>
    public static ContentCheck? ForCrc32C(string? base64) =>
        Base64(base64, 4) is { } expected ? new("CRC-32C", expected, new Crc32(Crc32ParameterSet.Crc32C)) : null;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _crc?.Append(bytes);
        _hash?.AppendData(bytes);
    }

    /// <summary>Whether the bytes appended so far match the checksum.</summary>
    public bool Matches()
    {
        if (_hash is not null)
            return _hash.GetCurrentHash().AsSpan().SequenceEqual(_expected);
        var actual = _crc!.GetCurrentHash();
        // The library returns these reflected CRCs in little-endian order; the stores use big-endian.
        actual.AsSpan().Reverse();
        return actual.AsSpan().SequenceEqual(_expected);
    }

    public void Dispose() => _hash?.Dispose();

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static byte[]? Base64(string? text, int length)
    {
        var bytes = new byte[length];
        return text is not null && Convert.TryFromBase64String(text, bytes, out var written) && written == length
            ? bytes
            : null;
    }
}
