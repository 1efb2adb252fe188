using System.Security.Cryptography;

namespace Pipeline.Stores.Local.Records;

/// <summary>
/// Computes the SHA-256 of a growing file. Reads each byte once, however often the digest is requested.
/// </summary>
internal sealed class RunningHash(string path) : IDisposable
{
    private readonly SemaphoreSlim _lock = new(1, 1);
    private IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _hashed;
    private string? _generation;

    /// <summary>
    /// Returns the digest of the first <paramref name="bytes"/> bytes of the file, in lower-case hex. Another
    /// generation of the file has different bytes.
    /// </summary>
    public async Task<string> GetAsync(long bytes, string? generation, CancellationToken cancellationToken)
    {
        await _lock.WaitAsync(cancellationToken);
        try
        {
            if (bytes < _hashed || generation != _generation)
                Restart();
            _generation = generation;
            await HashUntilAsync(bytes, cancellationToken);
            return Convert.ToHexStringLower(_hash.GetCurrentHash());
        }
        catch (IOException error)
        {
            throw LocalErrors.Translate(error, path);
        }
        finally
        {
            _lock.Release();
        }
    }

    public void Dispose()
    {
        _hash.Dispose();
        _lock.Dispose();
    }

    private async Task HashUntilAsync(long bytes, CancellationToken cancellationToken)
    {
        using var file = File.OpenHandle(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete,
            FileOptions.Asynchronous | FileOptions.SequentialScan);
        var buffer = new byte[128 * 1024];
        while (_hashed < bytes)
        {
            var read = await RandomAccess.ReadAsync(
                file, buffer.AsMemory(0, (int)Math.Min(buffer.Length, bytes - _hashed)), _hashed, cancellationToken);
            if (read == 0)
                throw new EndOfStreamException($"it ends at {_hashed} instead of {bytes} bytes.");
            _hash.AppendData(buffer, 0, read);
            _hashed += read;
        }
    }

    // Callers may arrive out of order, and a digest cannot go back.
    private void Restart()
    {
        _hash.Dispose();
        _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _hashed = 0;
    }
}
