using System.IO.Hashing;
using System.Security.Cryptography;

namespace Pipeline.Emulator.Buckets;

/// <summary>One of S3's <c>x-amz-checksum-*</c> algorithms, computed incrementally.</summary>
internal abstract class ContentChecksum : IDisposable
{
    /// <summary>The header's name up to the algorithm, in lower case.</summary>
    public const string HeaderPrefix = "x-amz-checksum-";

    /// <summary>
    /// Creates the checksum for a header such as <c>x-amz-checksum-crc32</c>; null when the algorithm is unknown.
    /// </summary>
    public static ContentChecksum? For(string header) => header[HeaderPrefix.Length..] switch
    {
        "crc32" => new Crc(new Crc32()),
        "crc32c" => new Crc(new Crc32(Crc32ParameterSet.Crc32C)),
        "crc64nvme" => new Crc(new Crc64(Crc64ParameterSet.Nvme)),
        "sha1" => new Digest(HashAlgorithmName.SHA1),
        "sha256" => new Digest(HashAlgorithmName.SHA256),
        _ => null,
    };

    /// <summary>Adds the next bytes.</summary>
    public abstract void Append(ReadOnlySpan<byte> bytes);

    /// <summary>The checksum of all bytes; the header holds it in base64. CRCs are big-endian.</summary>
    public abstract byte[] Finish();

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    private sealed class Crc(NonCryptographicHashAlgorithm crc) : ContentChecksum
    {
        public override void Append(ReadOnlySpan<byte> bytes) => crc.Append(bytes);

        public override byte[] Finish()
        {
            // These CRCs are reflected, so the library gives the lowest byte first.
            var hash = crc.GetCurrentHash();
            Array.Reverse(hash);
            return hash;
        }
    }

    private sealed class Digest(HashAlgorithmName name) : ContentChecksum
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(name);

        public override void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

        public override byte[] Finish() => _hash.GetHashAndReset();

        public override void Dispose()
        {
            _hash.Dispose();
            base.Dispose();
        }
    }
}
