using System.Buffers.Binary;
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
        "crc32" => new Crc(Crc32ParameterSet.Crc32),
        "crc32c" => new Crc(Crc32ParameterSet.Crc32C),
        "crc64nvme" => new Crc64Nvme(),
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

    private sealed class Crc(Crc32ParameterSet parameters) : ContentChecksum
    {
        private readonly Crc32 _crc = new(parameters);

        public override void Append(ReadOnlySpan<byte> bytes) => _crc.Append(bytes);

        public override byte[] Finish()
        {
            var hash = new byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(hash, _crc.GetCurrentHashAsUInt32());
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

    private sealed class Crc64Nvme : ContentChecksum
    {
        private const ulong ReflectedPolynomial = 0x9A6C9329AC4BC9B5;
        private static readonly ulong[] Table = [.. Enumerable.Range(0, 256).Select(Entry)];
        private ulong _crc = ulong.MaxValue;

        public override void Append(ReadOnlySpan<byte> bytes)
        {
            var crc = _crc;
            foreach (var b in bytes)
                crc = Table[(byte)crc ^ b] ^ (crc >> 8);
            _crc = crc;
        }

        public override byte[] Finish()
        {
            var hash = new byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64BigEndian(hash, ~_crc);
            return hash;
        }

        private static ulong Entry(int index)
        {
            var value = (ulong)index;
            for (var bit = 0; bit < 8; bit++)
                value = (value & 1) == 1 ? (value >> 1) ^ ReflectedPolynomial : value >> 1;
            return value;
        }
    }
}
