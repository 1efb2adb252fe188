using Pipeline.Ports;

namespace Pipeline.Stores.Local;

/// <summary>A file being read. One that was cut while it is read is an error, not a shorter object.</summary>
internal sealed class FileObjectRead(string path) : ObjectRead
{
    private readonly CheckedStream _body = new(path);

    public override Stream Body => _body;

    public override long? Bytes => _body.Promised;

    public override string? ETag => null;

    public override ValueTask DisposeAsync() => _body.DisposeAsync();

    private sealed class CheckedStream : FileStream
    {
        private long _read;

        public CheckedStream(string path)
            : base(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan) => Promised = base.Length;

        public long Promised { get; }

        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count) => Checked(base.Read(buffer, offset, count), count);

        public override int Read(Span<byte> buffer) => Checked(base.Read(buffer), buffer.Length);

        public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            Checked(await base.ReadAsync(buffer.AsMemory(offset, count), cancellationToken), count);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Checked(await base.ReadAsync(buffer, cancellationToken), buffer.Length);

        private int Checked(int read, int wanted)
        {
            _read += read;
            if ((read == 0 && wanted > 0 && _read < Promised) || _read > Promised)
                throw PipelineException.Transient(
                    FailureReasons.ObjectDamaged, $"'file://{Name}' had {Promised} bytes when it was opened and gave {_read}: it was changed meanwhile.");
            return read;
        }
    }
}
