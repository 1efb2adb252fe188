using System.Security.Cryptography;

namespace Pipeline.Intake;

/// <summary>
/// A window that slides over a stream: what was read and not yet taken. It grows only while its reader leaves it full,
/// so the reader's own limit bounds it. Everything that passes is hashed.
/// </summary>
internal sealed class ByteWindow : IAsyncDisposable
{
    private static readonly byte[] Mark = [0xEF, 0xBB, 0xBF];

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Stream _stream;
    private byte[] _buffer;
    private int _start;
    private int _end;

    /// <summary>A window over what was read of a stream already, and the rest of it.</summary>
    public ByteWindow(Stream stream, ReadOnlySpan<byte> head, int size)
    {
        _stream = stream;
        _buffer = new byte[Math.Max(size, head.Length)];
        head.CopyTo(_buffer);
        _end = head.Length;
        _hash.AppendData(head);
    }

    /// <summary>True once the stream has given everything.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>What is in the window; valid until the next fill.</summary>
    public ReadOnlySpan<byte> Span => _buffer.AsSpan(_start, _end - _start);

    /// <summary>What is in the window; valid until the next fill.</summary>
    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(_start, _end - _start);

    /// <summary>How many bytes are in the window.</summary>
    public int Length => _end - _start;

    /// <summary>Takes bytes out of the window.</summary>
    public void Advance(int count) => _start += count;

    /// <summary>Reads more behind what is there. False at the end of the stream.</summary>
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

    /// <summary>Takes byte order marks: files that are joined end to end have them at the start of any line.</summary>
    public async ValueTask SkipMarksAsync(CancellationToken cancellationToken)
    {
        do
        {
            while (Span.StartsWith(Mark))
                Advance(Mark.Length);
        } while (Length > 0 && Mark.AsSpan().StartsWith(Span) && await FillAsync(cancellationToken));
    }

    /// <summary>Takes the line end that comes next: CR, LF or CRLF.</summary>
    public async ValueTask TakeLineEndAsync(CancellationToken cancellationToken)
    {
        var isReturn = Span[0] == (byte)'\r';
        Advance(1);
        if (isReturn && (Length > 0 || await FillAsync(cancellationToken)) && Span[0] == (byte)'\n')
            Advance(1);
    }

    /// <summary>Takes the rest of the line, however long, and its end.</summary>
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

    /// <summary>SHA-256 of everything that has passed.</summary>
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
