using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Staging;

/// <summary>
/// An append-only byte buffer that can be read repeatedly. It keeps the bytes in pooled chunks; above
/// <paramref name="spillAt"/> bytes, or when the staging pool is exhausted, it moves them to a temporary file and uses
/// the last chunk as the write buffer. Not safe for concurrent writes.
/// </summary>
internal sealed class SpillBuffer(int spillAt, string folder, StagingPool? pool = null) : IDisposable
{
    // Most buffers hold a few small fields; larger ones grow by whole chunks.
    private const int FirstChunkBytes = 4 * 1024;
    private const int FirstChunks = 8;
    private const int ChunkBytes = StagingPool.ChunkBytes;

    private readonly StagingPool _pool = pool ?? StagingPool.Unlimited;
    private byte[][] _chunks = [];
    private int _count;
    private int _chunkUsed;
    private long _chunkBytes;
    private SafeFileHandle? _file;
    private long _fileBytes;

    /// <summary>Number of bytes appended.</summary>
    public long Length => _fileBytes + _chunkBytes;

    /// <summary>Whether a temporary file is in use.</summary>
    public bool IsSpilled => _file is not null;

    /// <summary>Appends bytes.</summary>
    /// <exception cref="PipelineException">
    /// Store fault: the spill folder cannot be written. Transient if the disk is full, otherwise permanent.
    /// </exception>
    public void Append(scoped ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_count == 0 || _chunkUsed == _chunks[_count - 1].Length)
                AddChunk();
            var free = _chunks[_count - 1].AsSpan(_chunkUsed);
            var count = Math.Min(free.Length, bytes.Length);
            bytes[..count].CopyTo(free);
            bytes = bytes[count..];
            _chunkUsed += count;
            _chunkBytes += count;
        }
    }

    public void CopyTo(Stream destination)
    {
        if (_file is not null)
            foreach (var piece in ReadFile(_file))
                destination.Write(piece.Span);
        for (var i = 0; i < _count; i++)
            destination.Write(_chunks[i].AsSpan(0, UsedOf(i)));
    }

    public async Task CopyToAsync(Stream destination, CancellationToken cancellationToken)
    {
        if (_file is not null)
            foreach (var piece in ReadFile(_file))
                await destination.WriteAsync(piece, cancellationToken);
        for (var i = 0; i < _count; i++)
            await destination.WriteAsync(_chunks[i].AsMemory(0, UsedOf(i)), cancellationToken);
    }

    public void Dispose()
    {
        ReturnChunks();
        if (_chunks.Length > 0)
            ArrayPool<byte[]>.Shared.Return(_chunks);
        _chunks = [];
        _chunkUsed = 0;
        _chunkBytes = 0;
        _file?.Dispose();
        _file = null;
        _fileBytes = 0;
    }

    private int UsedOf(int chunk) => chunk == _count - 1 ? _chunkUsed : _chunks[chunk].Length;

    private void AddChunk()
    {
        if (_count == 0)
            Keep(ArrayPool<byte>.Shared.Rent(FirstChunkBytes));
        else if (Length + ChunkBytes <= spillAt && _pool.TryRent() is { } chunk)
            Keep(chunk);
        else
            Spill();
        _chunkUsed = 0;
    }

    private void Keep(byte[] chunk)
    {
        if (_count == _chunks.Length)
        {
            var larger = ArrayPool<byte[]>.Shared.Rent(Math.Max(FirstChunks, 2 * _count));
            _chunks.AsSpan().CopyTo(larger);
            if (_count > 0)
                ArrayPool<byte[]>.Shared.Return(_chunks, clearArray: true);
            _chunks = larger;
        }
        _chunks[_count++] = chunk;
    }

    private void ReturnChunks()
    {
        foreach (var chunk in _chunks.AsSpan(0, _count))
        {
            if (chunk.Length == ChunkBytes)
                _pool.Return(chunk);
            else
                ArrayPool<byte>.Shared.Return(chunk);
        }
        _chunks.AsSpan(0, _count).Clear();
        _count = 0;
    }

    private void Spill()
    {
        try
        {
            _file ??= PrivateFiles.CreateTemporary(folder).SafeFileHandle;
            for (var i = 0; i < _count; i++)
            {
                var used = UsedOf(i);
                RandomAccess.Write(_file, _chunks[i].AsSpan(0, used), _fileBytes);
                _fileBytes += used;
                _chunkBytes -= used;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw SpillFault(e);
        }
        var last = _chunks[_count - 1].Length < ChunkBytes ? _pool.Rent() : _chunks[--_count];
        ReturnChunks();
        Keep(last);
    }

    private PipelineException SpillFault(Exception e)
    {
        var message = $"Cannot spill a large record to '{folder}': {FaultWords.Of(e)}. "
            + "Free space there, or set Collect:SpillFolder to a writable folder.";
        return DiskFaults.IsFull(e) || DiskFaults.MayPass(e)
            ? PipelineException.StoreWaits(FailureReasons.Unavailable, message, e)
            : PipelineException.StoreStops(FailureReasons.Unavailable, message, e);
    }

    // Reads synchronously: the bytes were just written and are still in the page cache, where an asynchronous read
    // costs more than the read itself.
    private IEnumerable<ReadOnlyMemory<byte>> ReadFile(SafeFileHandle file)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            for (long at = 0; at < _fileBytes;)
            {
                var read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, _fileBytes - at)), at);
                if (read == 0)
                    throw new InvalidOperationException("A spilled record's temporary file was truncated.");
                at += read;
                yield return buffer.AsMemory(0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
