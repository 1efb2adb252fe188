using System.Runtime.CompilerServices;
using System.Text.Json;
using Pipeline.Intake.Reading.Csv;
using Pipeline.Intake.Reading.Json;
using Pipeline.Model;
using Pipeline.Options;

namespace Pipeline.Intake.Reading;

/// <summary>
/// Reads a list of any format and length, item by item and once. Memory is bounded by the longest allowed item. Detects
/// gzip by its magic bytes.
/// </summary>
internal sealed class ListReader : IAsyncDisposable
{
    private const int HeadBytes = 64 * 1024;

    private readonly ByteWindow _window;
    private readonly ItemParser _parser;
    private readonly JsonListReader _json;
    private readonly int _maxItemBytes;

    private readonly DocumentFields _comments;

    private ListReader(ByteWindow window, ListFormat form, CsvHeaderMatch? header, int maxItemBytes)
    {
        _comments = IsLines(form) ? CommentFields.Read(window.Span) : DocumentFields.None;
        _window = window;
        _maxItemBytes = maxItemBytes;
        _parser = new(maxItemBytes);
        _json = new(window, _parser, maxItemBytes);
        (Form, Header) = (form, header);
    }

    /// <summary>The format.</summary>
    public ListFormat Form { get; }

    /// <summary>The header of a CSV list; null for other formats.</summary>
    public CsvHeaderMatch? Header { get; }

    /// <summary>The list's fields besides its items. Complete once all items are read.</summary>
    public DocumentFields Fields => IsLines(Form) ? _comments : _json.Fields;

    /// <summary>SHA-256 of the decompressed bytes read so far.</summary>
    public byte[] GetHash() => _window.GetHash();

    /// <summary>Opens a list. Detects its format unless the source names it.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: not UTF-8 text, a damaged gzip file, or an unusable CSV header.
    /// </exception>
    public static async Task<ListReader> OpenAsync(
        ListSource source, IntakeOptions options, CancellationToken cancellationToken)
    {
        var stream = await source.OpenAsync(cancellationToken);
        ByteWindow? window = null;
        try
        {
            var magic = new byte[2];
            var read = await stream.ReadAtLeastAsync(magic, magic.Length, throwOnEndOfStream: false, cancellationToken);
            window = magic is [0x1f, 0x8b]
                ? new ByteWindow(new GzipListStream(stream, magic, options.MaxRatio), default, HeadBytes)
                : new ByteWindow(stream, magic.AsSpan(0, read), HeadBytes);
            while (window.Length < HeadBytes && await window.FillAsync(cancellationToken)) { }
            await window.SkipMarksAsync(cancellationToken);
            CheckText(window.Span);
            var form = source.Form
                ?? FormDetector.Detect(window.Span, window.IsEnded, source.NameHint, source.UrlColumn);
            return new(
                window,
                form,
                form == ListFormat.Csv ? FindHeader(window, source.UrlColumn) : null,
                options.MaxItemBytes);
        }
        catch
        {
            await (window?.DisposeAsync() ?? stream.DisposeAsync());
            throw;
        }
    }

    /// <summary>Reads the items. Each is valid until the next.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: a malformed JSON document, a damaged gzip file, or a pointer to another list.
    /// </exception>
    public IAsyncEnumerable<ListItem> ReadAsync(CancellationToken cancellationToken) =>
        Form switch
        {
            ListFormat.Text or ListFormat.Ndjson => ReadLinesAsync(cancellationToken),
            ListFormat.Csv => new CsvReader(_window, _parser, Header!, _maxItemBytes).ReadAsync(cancellationToken),
            ListFormat.JsonArray => _json.ReadArrayAsync(cancellationToken),
            ListFormat.Batch => _json.ReadBatchAsync(cancellationToken),
            ListFormat.SingleInput => _json.ReadSingleAsync(cancellationToken),
            _ => throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                "This list only points to another list ('source'). Submit that list; only a message may point to a "
                    + "list."),
        };

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _parser.Dispose();
        return _window.DisposeAsync();
    }

    private static bool IsLines(ListFormat form) => form is ListFormat.Text or ListFormat.Ndjson or ListFormat.Csv;

    // Each line is parsed on its own, so plain URLs, quoted URLs and objects may be mixed.
    private async IAsyncEnumerable<ListItem> ReadLinesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in new LineReader(_window, _maxItemBytes).ReadAsync(cancellationToken))
        {
            var text = line.Bytes.Span.Trim(" \t"u8);
            if (text.Length > 0 && text[0] != (byte)'#')
                yield return ReadLine(line, text);
        }
    }

    private ListItem ReadLine(Line line, ReadOnlySpan<byte> text)
    {
        if (line.IsTooLong)
            return _parser.TooLong(line.Number, text);
        if (text[0] is not ((byte)'{' or (byte)'[' or (byte)'"'))
            return ItemParser.FromUrl(line.Number, text);
        try
        {
            // Some tools end each line with a comma, as in an array.
            return _parser.FromJson(
                line.Number, text[^1] == (byte)',' ? line.Bytes[..line.Bytes.Span.LastIndexOf((byte)',')] : line.Bytes);
        }
        catch (JsonException) when (text is [(byte)'"', _, .., (byte)'"'])
        {
            return ItemParser.FromUrl(line.Number, text[1..^1]);
        }
        catch (JsonException error)
        {
            return ListItem.Bad(line.Number, line.Bytes.Span, $"it is not valid JSON: {JsonProblems.Describe(error)}");
        }
    }

    private static CsvHeaderMatch FindHeader(ByteWindow window, string? urlColumn)
    {
        var found = CsvHeaderFinder.Find(window.Span, window.IsEnded, urlColumn)
            ?? throw PipelineException.Permanent(
                FailureReasons.InvalidInput,
                $"The CSV list has no header row in its first {HeadBytes / 1024} KiB. Put the column names in its "
                    + "first line: url,country,...");
        found.Header.Checked(urlColumn);
        return found;
    }

    private static void CheckText(ReadOnlySpan<byte> head)
    {
        if (ForeignContent.Describe(head) is { } problem)
            throw PipelineException.Permanent(FailureReasons.InvalidInput, problem);
    }
}
