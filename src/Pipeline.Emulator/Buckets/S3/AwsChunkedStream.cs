using System.Globalization;
using System.Text;

namespace Pipeline.Emulator.Buckets.S3;

/// <summary>
/// Decodes an <c>aws-chunked</c> body: chunks of <c>size[;chunk-signature=...]</c> and that many bytes, up to a chunk
/// of size 0, then trailers. Throws <see cref="InvalidDataException"/> for a malformed body and for one that ends
/// early.
/// </summary>
internal sealed class AwsChunkedStream(Stream inner) : Stream
{
    private const int MaxLine = 8 * 1024;
    private const int MaxTrailers = 16;

    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;
    private long _leftInChunk;
    private bool _atFirstChunk = true;
    private bool _done;

    /// <summary>The trailers by name, ignoring case; complete once a read has returned 0.</summary>
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
        if (_leftInChunk == 0 && !_done)
            await ReadHeadAsync(cancellationToken);
        if (_done || buffer.Length == 0)
            return 0;

        var wanted = (int)Math.Min(buffer.Length, _leftInChunk);
        var buffered = Math.Min(wanted, _end - _start);
        if (buffered > 0)
        {
            _buffer.AsSpan(_start, buffered).CopyTo(buffer.Span);
            _start += buffered;
            _leftInChunk -= buffered;
            return buffered;
        }

        var read = await inner.ReadAsync(buffer[..wanted], cancellationToken);
        if (read == 0)
            throw new InvalidDataException("The aws-chunked body ends inside a chunk.");
        _leftInChunk -= read;
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
        if (!_atFirstChunk && (await ReadLineAsync(cancellationToken)).Length > 0)
            throw new InvalidDataException("A chunk is longer than its size says.");
        _atFirstChunk = false;
        var head = await ReadLineAsync(cancellationToken);
        var size = head.Split(';', 2)[0].Trim();
        var isHex = long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _leftInChunk);
        if (!isHex || _leftInChunk < 0)
            throw new InvalidDataException($"'{size}' is not a valid chunk size.");
        if (_leftInChunk > 0)
            return;

        _done = true;
        while (await ReadLineAsync(cancellationToken, mayEnd: true) is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || Trailers.Count == MaxTrailers)
                throw new InvalidDataException("The aws-chunked body has malformed or too many trailers.");
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
                if (_end == 0 && mayEnd)
                    return line.ToString();
                if (_end == 0)
                    throw new InvalidDataException("The aws-chunked body ends inside a chunk header.");
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
