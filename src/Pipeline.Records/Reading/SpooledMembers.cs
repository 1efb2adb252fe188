using System.Collections.Frozen;

namespace Pipeline.Records;

/// <summary>
/// The large members of one record, in a temporary file that only this process can read and that is deleted with it.
/// </summary>
internal sealed class SpooledMembers : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static readonly IReadOnlyDictionary<string, long> None = FrozenDictionary<string, long>.Empty;

    private readonly Dictionary<string, (long Start, long Bytes)> _members = new(StringComparer.Ordinal);
    private readonly FileStream _file;
    private long _start;

    public SpooledMembers(string folder) => _file = CreateFile(folder);

    /// <summary>Creates a file that is deleted when this process ends.</summary>
    public static FileStream CreateFile(string folder)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = FileOptions.DeleteOnClose,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        var path = Path.Combine(folder, $"pipeline-record-{Path.GetRandomFileName()}.tmp");
        var file = new FileStream(path, options);
        // On Unix an open file needs no name, so that even a killed process leaves nothing behind.
        if (!OperatingSystem.IsWindows())
            File.Delete(path);
        return file;
    }

    public IReadOnlyDictionary<string, long> Sizes => _members.ToDictionary(m => m.Key, m => m.Value.Bytes);

    public void Append(ReadOnlySpan<byte> bytes) => _file.Write(bytes);

    /// <summary>Names the bytes appended since the last member ended.</summary>
    public void EndMember(string name)
    {
        _members[name] = (_start, _file.Position - _start);
        _start = _file.Position;
    }

    /// <summary>Makes all members readable.</summary>
    public void Complete() => _file.Flush();

    public Stream? OpenRead(string name) =>
        _members.TryGetValue(name, out var member) ? new Slice(_file, member.Start, member.Bytes) : null;

    public void Dispose() => _file.Dispose();

    /// <summary>Reads its part of the file. Each has its own position, so several can be open at once.</summary>
    private sealed class Slice(FileStream file, long start, long bytes) : ReadStream
    {
        private long _position;

        public override long Length => bytes;

        public override int Read(Span<byte> buffer)
        {
            ObjectDisposedException.ThrowIf(!file.CanRead, typeof(Record));
            var part = buffer[..(int)Math.Min(buffer.Length, bytes - _position)];
            var read = RandomAccess.Read(file.SafeFileHandle, part, start + _position);
            _position += read;
            return read;
        }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            ObjectDisposedException.ThrowIf(!file.CanRead, typeof(Record));
            var part = buffer[..(int)Math.Min(buffer.Length, bytes - _position)];
            var read = await RandomAccess.ReadAsync(file.SafeFileHandle, part, start + _position, cancellationToken);
            _position += read;
            return read;
        }
    }
}
