using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Pipeline.Records;

/// <summary>Reads failures from NDJSON, such as <c>failures.ndjson</c>, one line at a time.</summary>
/// <remarks>
/// While a list is open, an id may occur twice or also have a record. The record counts, otherwise the last line. The
/// file is rewritten without such lines when the list closes.
/// </remarks>
public static class FailureReader
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>Reads a file.</summary>
    /// <exception cref="RecordException">A line is not a failure, and no <c>OnProblem</c> is set.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static async IAsyncEnumerable<Failure> ReadFileAsync(
        string path, RecordReaderOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var file = new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0,
            FileOptions.Asynchronous | FileOptions.SequentialScan);
        await foreach (var failure in ReadAsync(file, path, options, cancellationToken))
            yield return failure;
    }

    /// <summary>Reads a stream to its end and leaves it open.</summary>
    /// <exception cref="RecordException">A line is not a failure, and no <c>OnProblem</c> is set.</exception>
    public static async IAsyncEnumerable<Failure> ReadAsync(
        Stream stream, string name, RecordReaderOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        options ??= new();
        var (buffer, line, bytes) = (new byte[BufferBytes], new ByteBuffer(), 0L);
        var position = new RecordPosition(name, 1, 0);
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            for (var at = 0; at < read;)
            {
                var end = Array.IndexOf(buffer, (byte)'\n', at, read - at);
                var piece = buffer.AsSpan(at, (end < 0 ? read : end) - at);
                bytes += piece.Length;
                if (bytes <= options.MaxMemoryBytes)
                    line.Append(piece);
                if (end < 0)
                    break;
                if (Parse(line, bytes, position, options) is { } failure)
                    yield return failure;
                position = position with { Line = position.Line + 1, Offset = position.Offset + bytes + 1 };
                line.Clear();
                bytes = 0;
                at = end + 1;
            }
        }
        if (Parse(line, bytes, position, options) is { } last)
            yield return last;
    }

    private static Failure? Parse(ByteBuffer line, long bytes, RecordPosition position, RecordReaderOptions options)
    {
        if (bytes > options.MaxMemoryBytes)
            return Report(
                new(RecordFault.TooLarge, $"the line has more than {options.MaxMemoryBytes} bytes", position), options);
        if (line.Memory.Span.Trim(" \t\r"u8).IsEmpty)
            return null;
        try
        {
            var failure = JsonSerializer.Deserialize(line.Memory.Span, RecordsJson.Default.Failure);
            return failure is { Schema: Failure.SchemaName }
                ? failure with { Position = position }
                : throw new JsonException($"its schema is '{failure?.Schema}'");
        }
        catch (JsonException e)
        {
            return Report(
                new(
                    RecordFault.Invalid, $"the line is not a {Failure.SchemaName}: {JsonFault.Describe(e)}", position,
                    inner: e),
                options);
        }
    }

    private static Failure? Report(RecordException problem, RecordReaderOptions options)
    {
        if (options.OnProblem is not { } report)
            throw problem;
        report(problem);
        return null;
    }
}
