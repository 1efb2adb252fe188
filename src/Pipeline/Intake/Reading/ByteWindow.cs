using System.Security.Cryptography;
using Pipeline.Notation;

namespace Pipeline.Intake.Reading;

/// <summary>
/// A sliding window over a stream: the bytes that were read but not consumed yet. It grows only while the reader leaves
/// it full, so the reader's own limit bounds it. It hashes all bytes it reads.
/// </summary>
internal sealed class ByteWindow : IAsyncDisposable
{

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Stream _stream;
    private byte[] _buffer;
    private int _start;
    private int _end;

    /// <summary>Starts with the bytes that were already read from the stream, and continues with the rest.</summary>
    public ByteWindow(Stream stream, ReadOnlySpan<byte> head, int size)
    {
        _stream = stream;
        _buffer = new byte[Math.Max(size, head.Length)];
        head.CopyTo(_buffer);
        _end = head.Length;
        _hash.AppendData(head);
    }

    /// <summary>True once the end of the stream is reached. The window may still hold bytes.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>The bytes in the window. Valid until the next fill.</summary>
    public ReadOnlySpan<byte> Span => _buffer.AsSpan(_start, _end - _start);

    /// <summary>The bytes in the window. Valid until the next fill.</summary>
    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(_start, _end - _start);

    /// <summary>Number of bytes in the window.</summary>
    public int Length => _end - _start;

    /// <summary>Consumes bytes from the start of the window.</summary>
    public void Advance(int count) => _start += count;

    /// <summary>Reads more bytes and appends them. Returns false at the end of the stream.</summary>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (IsEnded)
            return false;
        MakeRoom();
        var read = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _hash.AppendData(_buffer, _end, read);
        _end += read;
        IsEnded = read == 0;
        return !IsEnded;
    }

    /// <summary>Skips byte order marks. Concatenated files have them at the start of any line.</summary>
    public async ValueTask SkipMarksAsync(CancellationToken cancellationToken)
    {
        do
        {
            while (Span.StartsWith(ByteOrderMark.Utf8))
                Advance(ByteOrderMark.Utf8.Length);
        } while (Length > 0 && ByteOrderMark.Utf8.StartsWith(Span) && await FillAsync(cancellationToken));
    }

    /// <summary>Consumes the line end at the start of the window: CR, LF or CRLF.</summary>
    public async ValueTask TakeLineEndAsync(CancellationToken cancellationToken)
    {
        var isReturn = Span[0] == (byte)'\r';
        Advance(1);
        if (isReturn && (Length > 0 || await FillAsync(cancellationToken)) && Span[0] == (byte)'\n')
            Advance(1);
    }

    /// <summary>Skips the rest of the line, whatever its length, and its line end.</summary>
    public async ValueTask SkipLineAsync(CancellationToken cancellationToken)
    {
        for (var end = LineEnds.IndexOf(Span); ; end = LineEnds.IndexOf(Span))
        {
            Advance(end < 0 ? Length : end);
            if (end >= 0)
            {
                await TakeLineEndAsync(cancellationToken);
                return;
            }
            if (!await FillAsync(cancellationToken))
                return;
        }
    }

    /// <summary>SHA-256 of all bytes read so far.</summary>
    public byte[] GetHash() => _hash.GetCurrentHash();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _hash.Dispose();
        return _stream.DisposeAsync();
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            Span.CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}
