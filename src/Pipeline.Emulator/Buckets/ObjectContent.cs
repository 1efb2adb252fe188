using Microsoft.Win32.SafeHandles;

namespace Pipeline.Emulator.Buckets;

/// <summary>
/// The bytes of an open object, in memory or in a file. They stay readable when the object is replaced or removed
/// meanwhile.
/// </summary>
internal sealed class ObjectContent : IDisposable
{
    private readonly byte[]? _bytes;
    private readonly SafeFileHandle? _file;

    public ObjectContent(byte[] bytes) => _bytes = bytes;

    public ObjectContent(SafeFileHandle file) => _file = file;

    /// <summary>Reads bytes from a position.</summary>
    /// <returns>The number of bytes read; 0 at the end.</returns>
    public int Read(Span<byte> buffer, long position)
    {
        if (_file is not null)
            return RandomAccess.Read(_file, buffer, position);
        var rest = _bytes.AsSpan((int)position);
        rest = rest[..Math.Min(rest.Length, buffer.Length)];
        rest.CopyTo(buffer);
        return rest.Length;
    }

    /// <summary>All bytes as a stream, which takes over the file.</summary>
    public Stream AsStream() =>
        _file is not null
            ? new FileStream(_file, FileAccess.Read, bufferSize: 0)
            : new MemoryStream(_bytes!, writable: false);

    public void Dispose() => _file?.Dispose();
}
