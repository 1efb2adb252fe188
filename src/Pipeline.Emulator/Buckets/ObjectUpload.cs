using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.Emulator.Buckets;

/// <summary>
/// An object on its way in. A small one stays in memory; the bytes of a large one go to a file that nothing points to until
/// <see cref="BucketStore.CommitAsync"/>. Disposed without that, it never was.
/// </summary>
internal sealed class ObjectUpload(string path, long generation) : IDisposable
{
    /// <summary>An object of this many bytes or more is a file.</summary>
    public const int FileBytes = 64 * 1024;

    private readonly IncrementalHash _md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FileBytes);
    private int _held;
    private SafeFileHandle? _file;
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
        int read;
        while ((read = await content.ReadAsync(_buffer.AsMemory(_held, FileBytes - _held), cancellationToken)) > 0)
        {
            Add(_buffer.AsSpan(_held, read), checksum);
            _held += read;
            if (_held == FileBytes)
                WriteHeld();
        }
    }

    /// <summary>The bytes of a small object; null for a large one, whose file has all of them then.</summary>
    public byte[]? Finish()
    {
        if (_file is null)
            return _buffer[.._held];
        WriteHeld();
        return null;
    }

    /// <summary>The bytes are an object's now.</summary>
    public void Keep()
    {
        _kept = true;
        _file?.Dispose();
    }

    public void Dispose()
    {
        _md5.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _file?.Dispose();
        if (_file is not null && !_kept)
            File.Delete(path);
    }

    private void WriteHeld()
    {
        if (_file is null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        }

        RandomAccess.Write(_file, _buffer.AsSpan(0, _held), Bytes - _held);
        _held = 0;
    }

    private void Add(ReadOnlySpan<byte> bytes, ContentChecksum? checksum)
    {
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
