using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Pipeline.Records;

/// <summary>
/// Reads records from NDJSON, plain or gzipped with any number of members: <c>records.ndjson</c>, a submission's
/// <c>.ndjson.gz</c>, a part, or a range of one. It reads forward, in bounded memory whatever a record's size, and
/// verifies gzip checksums and content digests on the way.
/// </summary>
public sealed class RecordReader : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly Stream _stream;
    private readonly string _name;
    private readonly bool _leaveOpen;
    private readonly long _streamOffset;
    private readonly RecordReaderOptions _options;
    private readonly StoredInput _input;
    private readonly MemberSink _sink;
    private readonly LineParser _parser;
    private GzipMembers? _gzip;
    private long _line = 1;
    private long _lineBytes;
    private long _lineOffset;
    private FormatException? _fault;

    private RecordReader(
        Stream stream, string name, bool leaveOpen, RecordReaderOptions? options, long streamOffset = 0)
    {
        (_stream, _name, _leaveOpen, _options, _streamOffset) =
            (stream, name, leaveOpen, options ?? new(), streamOffset);
        _input = new(stream);
        _sink = new(_options);
        _parser = new(_sink);
    }

    /// <summary>Opens a file. It counts as gzip if its first bytes or its name (<c>.gz</c>) say so.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static RecordReader OpenFile(string path, RecordReaderOptions? options = null)
    {
        var file = new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0,
            FileOptions.Asynchronous | FileOptions.SequentialScan);
        return new(file, path, leaveOpen: false, options);
    }

    /// <summary>Reads from a stream, from its current position to its end.</summary>
    /// <param name="stream">The stream; disposed with the reader unless <paramref name="leaveOpen"/>.</param>
    /// <param name="name">Name for positions and messages, such as the blob's address.</param>
    /// <param name="options">Limits; null for the defaults.</param>
    /// <param name="leaveOpen">Whether the stream stays open.</param>
    public static RecordReader Open(
        Stream stream, string name, RecordReaderOptions? options = null, bool leaveOpen = false) =>
        new(stream, name, leaveOpen, options);

    /// <summary>Reads a range of a file. Positions count from the start of the file.</summary>
    internal static RecordReader OpenRange(
        Stream stream, string name, long offset, RecordReaderOptions? options = null) =>
        new(stream, name, leaveOpen: false, options, offset);

    /// <summary>
    /// Reads the records, in the order of the file. A record's large members can be read until the next record is
    /// requested. A reader reads its file once; open another reader to read it again.
    /// </summary>
    /// <exception cref="RecordException">A record, or the gzip file around it, cannot be used.</exception>
    public async IAsyncEnumerable<Record> ReadAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var buffer = new byte[BufferBytes];
        await OpenAsync(cancellationToken);
        StartLine();
        var (start, at) = (_input.Position, 0);
        for (var read = await DecodeAsync(buffer, cancellationToken); read > 0;)
        {
            if (_lineBytes == 0)
                _lineOffset = _streamOffset + (_gzip?.Offset ?? start + at);
            var end = Array.IndexOf(buffer, (byte)'\n', at, read - at);
            AppendToLine(buffer.AsSpan(at, (end < 0 ? read : end) - at));
            var record = end < 0 ? null : EndLine(hasLineFeed: true);
            at = end < 0 ? read : end + 1;
            // Reading further verifies the gzip member, if it ended here, before its record is returned.
            if (at == read)
                (start, at, read) = (_input.Position, 0, await DecodeAsync(buffer, cancellationToken));
            if (record is not null)
                yield return record;
            if (end >= 0)
                StartLine();
        }
        if (EndLine(hasLineFeed: false) is { } last)
            yield return last;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _gzip?.Dispose();
        _sink.Dispose();
        if (!_leaveOpen)
            await _stream.DisposeAsync();
    }

    private async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        await _input.EnsureAsync(3, cancellationToken);
        // A file named .gz is gzip, unless it was decompressed in transit.
        var isGzip = _name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) && !_input.Buffered.StartsWith("{"u8);
        if (isGzip || GzipMembers.IsMagic(_input.Buffered))
            _gzip = new(_input);
        else if (_input.Buffered.StartsWith("\uFEFF"u8))
            _input.Take(3);
    }

    private async ValueTask<int> DecodeAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            if (_gzip is not null)
                return await _gzip.ReadAsync(buffer, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw new RecordException(RecordFault.Damaged, e.Message, Position(), inner: e);
        }
        await _input.EnsureAsync(1, cancellationToken);
        return _input.TakeTo(buffer, buffer.Length);
    }

    private void StartLine()
    {
        (_lineBytes, _fault) = (0, null);
        _parser.Start();
        _sink.Start();
    }

    /// <summary>A faulty line is skipped to its end, so that the next one can be read.</summary>
    private void AppendToLine(ReadOnlySpan<byte> piece)
    {
        _lineBytes += piece.Length;
        if (_lineBytes > _options.MaxRecordBytes)
            throw new RecordException(
                RecordFault.TooLarge,
                $"the record has more than {_options.MaxRecordBytes} bytes. Raise MaxRecordBytes if it may",
                Position());
        if (_fault is not null)
            return;
        try
        {
            _parser.Append(piece);
        }
        catch (FormatException e)
        {
            _fault = e;
        }
    }

    private Record? EndLine(bool hasLineFeed)
    {
        var position = Position();
        _line++;
        if (_fault is null && _parser.IsEmpty)
            return null;
        try
        {
            if (_fault is not null)
                throw Invalid(_fault.Message, position, _fault);
            if (!_parser.IsComplete)
                throw hasLineFeed
                    ? Invalid("the JSON is not complete", position, inner: null)
                    : new RecordException(RecordFault.Damaged, "it ends inside a record", position);
            return _sink.Build(position);
        }
        catch (JsonException e)
        {
            return Report(Invalid(DescribeLine(e), position, e));
        }
        catch (RecordException e)
        {
            return Report(e);
        }
    }

    private Record? Report(RecordException problem)
    {
        if (_options.OnProblem is not { } report)
            throw problem;
        report(problem);
        return null;
    }

    // The position already says where the line is, and the parser has seen only pieces of it.
    private static string DescribeLine(JsonException fault) =>
        fault.LineNumber is null || fault.Path is { Length: > 2 } ? JsonFault.Describe(fault) : "the JSON is not valid";

    private RecordPosition Position() => new(_name, _line, _lineOffset);

    private static RecordException Invalid(string why, RecordPosition position, Exception? inner) =>
        new(RecordFault.Invalid, $"the line is not a {Record.SchemaName}: {why}", position, inner: inner);
}
