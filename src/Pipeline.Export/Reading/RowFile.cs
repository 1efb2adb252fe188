using System.Buffers;
using Pipeline.Collect.Json;
using Pipeline.Export.Rows;
using Pipeline.Model;

namespace Pipeline.Export.Reading;

/// <summary>
/// Reads a file of JSON lines into rows, in memory that does not depend on the length of a line. Bytes after the last
/// line feed are not a line: a run is writing it, or was killed while writing it.
/// </summary>
/// <param name="stream">The file.</param>
/// <param name="name">Its name, for messages.</param>
/// <param name="skipped">Number of lines of the file before the stream.</param>
internal sealed class RowFile(Stream stream, string name, long skipped = 0) : IDisposable
{
    private const int BufferBytes = 256 * 1024;

    // Enough of a line for its first members, such as its ids.
    private const int HeadBytes = 8 * 1024;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _start;
    private int _end;

    /// <summary>Number of the current line, from 1; at the end, the number of complete lines.</summary>
    public long Line { get; private set; } = skipped;

    /// <summary>Whether the file was found to end within a line.</summary>
    public bool IsTorn { get; private set; }

    /// <summary>
    /// The start of the next line: all of it, or enough to hold its ids. Null if there is no next line.
    /// </summary>
    public async ValueTask<ReadOnlyMemory<byte>?> PeekAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var buffered = _buffer.AsMemory(_start, _end - _start);
            var end = buffered.Span.IndexOf((byte)'\n');
            if (end >= 0 || buffered.Length >= HeadBytes)
                return buffered[..(end >= 0 ? end : HeadBytes)];
            if (await FillAsync(cancellationToken))
                continue;
            IsTorn |= _end > _start;
            return null;
        }
    }

    /// <summary>Skips the next line. Returns false if it is incomplete.</summary>
    public ValueTask<bool> SkipAsync(CancellationToken cancellationToken) => ReadAsync(null, cancellationToken);

    /// <summary>Reads the next line into a row of the batch. Returns false if the line is incomplete.</summary>
    /// <exception cref="PipelineException">Permanent: the line is damaged.</exception>
    public async ValueTask<bool> ReadAsync(RowScanner scanner, RowBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            scanner.Start(batch);
            if (!await ReadAsync(scanner, cancellationToken))
                return false;
            scanner.End();
            return true;
        }
        catch (FormatException problem)
        {
            throw Damaged(problem.Message, problem);
        }
        catch (PipelineException problem) when (problem.Reason is FailureReasons.ResultInvalid
            or FailureReasons.LimitExceeded)
        {
            throw Damaged(
                problem.Message.TrimEnd('.').Replace("The result document", "it", StringComparison.Ordinal), problem);
        }
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private async ValueTask<bool> ReadAsync(RowScanner? scanner, CancellationToken cancellationToken)
    {
        Line++;
        var utf8 = default(Utf8Validator);
        while (true)
        {
            if (Scan(scanner, ref utf8))
                return true;
            if (await FillAsync(cancellationToken))
                continue;
            Line--;
            IsTorn = true;
            return false;
        }
    }

    /// <summary>Scans the buffer to the end of the line. Returns whether it reached that.</summary>
    private bool Scan(RowScanner? scanner, ref Utf8Validator utf8)
    {
        var buffered = _buffer.AsSpan(_start, _end - _start);
        var end = buffered.IndexOf((byte)'\n');
        var piece = end >= 0 ? buffered[..end] : buffered;
        _start += piece.Length + (end >= 0 ? 1 : 0);
        if (scanner is not null && !utf8.Append(piece))
            throw new FormatException("it holds bytes that are not UTF-8");
        scanner?.Scan(piece);
        return end >= 0;
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        return read > 0;
    }

    private PipelineException Damaged(string problem, Exception inner) => PipelineException.Permanent(
        FailureReasons.ObjectDamaged,
        $"Line {Line} of '{name}' is damaged: {problem}. Nothing was exported. Put the file back as it was written, "
            + "or remove the line.",
        inner);
}
