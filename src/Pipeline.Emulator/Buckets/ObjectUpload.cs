using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.Emulator.Buckets;

/// <summary>
/// An upload in progress. A small object stays in memory; a large one goes to a file that no row names until
/// <see cref="BucketStore.CommitAsync"/>. Disposing an upload that was not committed deletes the file.
/// </summary>
internal sealed class ObjectUpload(string path, long generation) : IDisposable
{
    /// <summary>Objects of at least this many bytes are stored in a file.</summary>
    public const int FileBytes = 64 * 1024;

    private readonly IncrementalHash _md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FileBytes);
    private int _held;
    private SafeFileHandle? _file;
    private uint _crc32C = uint.MaxValue;
    private bool _kept;

    /// <summary>The generation of the object to be.</summary>
    public long Generation => generation;

    /// <summary>The number of bytes so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>The MD5 of the bytes so far.</summary>
    public byte[] Md5() => _md5.GetCurrentHash();

    /// <summary>The CRC-32C of the bytes so far.</summary>
    public uint Crc32C => ~_crc32C;

    /// <summary>
    /// Appends all of <paramref name="content"/>, also to <paramref name="checksum"/> if that is not null.
    /// </summary>
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

    /// <summary>
    /// Returns the bytes of a small object. For a large one, writes the rest to its file and returns null.
    /// </summary>
    public byte[]? Finish()
    {
        if (_file is null)
            return _buffer[.._held];
        WriteHeld();
        return null;
    }

    /// <summary>Marks the upload as committed: its file now belongs to the object.</summary>
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
