using System.Globalization;
using System.Text;

namespace Pipeline.Emulator.Buckets;

/// <summary>
/// Reads the content out of an <c>aws-chunked</c> body: <c>size[;chunk-signature=...]</c>, the bytes, and so on to a chunk of size 0, then
/// trailers. Throws <see cref="InvalidDataException"/> for anything else, and for a body that ends early.
/// </summary>
internal sealed class AwsChunkedStream(Stream inner) : Stream
{
    private const int MaxLine = 8 * 1024;
    private const int MaxTrailers = 16;

    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;
    private long _left;
    private bool _first = true;
    private bool _done;

    /// <summary>The trailers by lower-case name; complete when a read has returned 0.</summary>
    public Dictionary<string, string> Trailers { get; } = new(StringComparer.OrdinalIgnoreCase);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_left == 0 && !_done)
            await ReadHeadAsync(cancellationToken);
        if (_done || buffer.Length == 0)
            return 0;

        var wanted = (int)Math.Min(buffer.Length, _left);
        var buffered = Math.Min(wanted, _end - _start);
        if (buffered > 0)
        {
            _buffer.AsSpan(_start, buffered).CopyTo(buffer.Span);
            _start += buffered;
            _left -= buffered;
            return buffered;
        }

        var read = await inner.ReadAsync(buffer[..wanted], cancellationToken);
        if (read == 0)
            throw new InvalidDataException("The aws-chunked body ends inside a chunk.");
        _left -= read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async Task ReadHeadAsync(CancellationToken cancellationToken)
    {
        if (!_first && (await ReadLineAsync(cancellationToken)).Length > 0)
            throw new InvalidDataException("A chunk is longer than its size says.");
        _first = false;
        var head = await ReadLineAsync(cancellationToken);
        var size = head.Split(';', 2)[0].Trim();
        if (!long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left) || _left < 0)
            throw new InvalidDataException($"'{size}' is not the size of a chunk.");
        if (_left > 0)
            return;

        _done = true;
        while (await ReadLineAsync(cancellationToken, mayEnd: true) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || Trailers.Count == MaxTrailers)
                throw new InvalidDataException("The aws-chunked body ends with something that is not a trailer.");
            Trailers[line[..colon].Trim()] = line[(colon + 1)..].Trim();
        }
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellationToken, bool mayEnd = false)
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_start == _end)
            {
                _start = 0;
                _end = await inner.ReadAsync(_buffer, cancellationToken);
                if (_end == 0)
                    return mayEnd ? line.ToString() : throw new InvalidDataException("The aws-chunked body ends inside a chunk's head.");
            }

            var c = (char)_buffer[_start++];
            if (c == '\n')
                return line.ToString();
            if (c != '\r')
                line.Append(c);
            if (line.Length > MaxLine)
                throw new InvalidDataException("A line of the aws-chunked body is too long.");
        }
    }
}
