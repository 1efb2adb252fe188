using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Stores.Local.Objects;

/// <summary>An open file. A file that is truncated during the read is an error, not a shorter object.</summary>
internal sealed class FileObjectRead : ObjectRead
{
    private readonly CheckedStream _body;

    public FileObjectRead(string path)
    {
        var file = new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0,
            FileOptions.SequentialScan);
        Bytes = file.Length;
        _body = new(file, file.Length);
    }

    public override Stream Body => _body;

    public override long? Bytes { get; }

    public override string? ETag => null;

    public override ValueTask DisposeAsync() => _body.DisposeAsync();

    private sealed class CheckedStream(FileStream file, long promised) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _read;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer) => Checked(file.Read(buffer), buffer.Length);

        public override Task<int> ReadAsync(
            byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Checked(await file.ReadAsync(buffer, cancellationToken), buffer.Length);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                file.Dispose();
            base.Dispose(disposing);
        }

        private int Checked(int read, int wanted)
        {
            _read += read;
            if ((read == 0 && wanted > 0 && _read < promised) || _read > promised)
                throw PipelineException.Transient(
                    FailureReasons.ObjectDamaged,
                    $"'{file.Name}' changed during the read: it had {promised} bytes when it was "
                        + $"opened, and {_read} were read.");
            return read;
        }
    }
}
