using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.Emulator.Buckets;

/// <summary>
/// An object on its way in: its bytes go to a file that nothing points to until <see cref="BucketStore.CommitAsync"/>. Disposed without that, it
/// never was.
/// </summary>
internal sealed class ObjectUpload(string path, long generation) : IDisposable
{
    private readonly SafeFileHandle _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
    private readonly IncrementalHash _md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private uint _crc32C = uint.MaxValue;
    private bool _kept;

    /// <summary>The generation the object will have.</summary>
    public long Generation => generation;

    /// <summary>Bytes taken so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>The MD5 of the bytes taken so far.</summary>
    public byte[] Md5() => _md5.GetCurrentHash();

    /// <summary>The CRC-32C of the bytes taken so far.</summary>
    public uint Crc32C => ~_crc32C;

    /// <summary>Takes everything that <paramref name="content"/> has.</summary>
    public async Task AppendAsync(Stream content, ContentChecksum? checksum, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            int read;
            while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
                Append(buffer.AsSpan(0, read), checksum);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The bytes are an object's now.</summary>
    public void Keep()
    {
        _kept = true;
        _file.Dispose();
    }

    public void Dispose()
    {
        _file.Dispose();
        _md5.Dispose();
        if (!_kept)
            File.Delete(path);
    }

    private void Append(ReadOnlySpan<byte> bytes, ContentChecksum? checksum)
    {
        RandomAccess.Write(_file, bytes, Bytes);
        _md5.AppendData(bytes);
        checksum?.Append(bytes);
        Bytes += bytes.Length;
        var crc = _crc32C;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        _crc32C = crc;
    }
}
