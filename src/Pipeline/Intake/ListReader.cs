using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Pipeline.Intake;

/// <summary>
/// Reads a list of any form and length, item by item, in memory that is bounded by the longest item allowed. Forward only, once.
/// Gzip is told by its magic bytes.
/// </summary>
internal sealed class ListReader : IAsyncDisposable
{
    private const int HeadBytes = 64 * 1024;

    private readonly ByteWindow _window;
    private readonly ItemParser _parser;
    private readonly JsonListReader _json;
    private readonly int _maxItemBytes;

    private ListReader(ByteWindow window, ListForm form, int maxItemBytes)
    {
        _window = window;
        _maxItemBytes = maxItemBytes;
        _parser = new(maxItemBytes);
        _json = new(window, _parser, maxItemBytes);
        Form = form;
    }

    /// <summary>The form.</summary>
    public ListForm Form { get; }

    /// <summary>What the list says of itself; known once everything was read.</summary>
    public DocumentFields Fields => _json.Fields;

    /// <summary>SHA-256 of what was read, decompressed.</summary>
    public byte[] GetHash() => _window.GetHash();

    /// <summary>Opens a list and tells its form.</summary>
    /// <exception cref="PipelineException">Permanent: not UTF-8 text, or a damaged gzip file.</exception>
    public static async Task<ListReader> OpenAsync(
        Func<CancellationToken, ValueTask<Stream>> open, string? nameHint, int maxItemBytes, CancellationToken cancellationToken)
    {
        var stream = await open(cancellationToken);
        ByteWindow? window = null;
        try
        {
            var magic = new byte[2];
            var read = await stream.ReadAtLeastAsync(magic, magic.Length, throwOnEndOfStream: false, cancellationToken);
            window = magic is [0x1f, 0x8b]
                ? new ByteWindow(new GzipListStream(stream, magic), default, HeadBytes)
                : new ByteWindow(stream, magic.AsSpan(0, read), HeadBytes);
            while (window.Length < HeadBytes && await window.FillAsync(cancellationToken))
            {
            }
            SkipMark(window);
            return new(window, FormDetector.Detect(window.Span, window.IsEnded, nameHint), maxItemBytes);
        }
        catch
        {
            await (window?.DisposeAsync() ?? stream.DisposeAsync());
            throw;
        }
    }

    /// <summary>The items, each valid until the next.</summary>
    /// <exception cref="PipelineException">Permanent: a malformed JSON document, a header that is none, a damaged gzip file.</exception>
    public IAsyncEnumerable<ListItem> ReadAsync(CancellationToken cancellationToken) => Form switch
    {
        ListForm.Text => ReadTextAsync(cancellationToken),
        ListForm.Csv => new CsvReader(_window, _parser, _maxItemBytes).ReadAsync(cancellationToken),
        ListForm.Ndjson => ReadNdjsonAsync(cancellationToken),
        ListForm.JsonArray => _json.ReadArrayAsync(cancellationToken),
        ListForm.Batch => _json.ReadBatchAsync(cancellationToken),
        ListForm.SingleInput => _json.ReadSingleAsync(cancellationToken),
        _ => throw PipelineException.Permanent(FailureReasons.InvalidInput,
            "This list only says where another list is ('source'). Give that one; a list may be pointed to only by the message itself."),
    };

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _parser.Dispose();
        return _window.DisposeAsync();
    }

    private async IAsyncEnumerable<ListItem> ReadTextAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in new LineReader(_window, _maxItemBytes).ReadAsync(cancellationToken))
        {
            var text = line.Bytes.Span.Trim(" \t"u8);
            if (text.Length > 0 && text[0] != (byte)'#')
                yield return line.IsTooLong ? _parser.TooLong(line.Number, text) : ItemParser.FromUrl(line.Number, text);
        }
    }

    private async IAsyncEnumerable<ListItem> ReadNdjsonAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in new LineReader(_window, _maxItemBytes).ReadAsync(cancellationToken))
        {
            if (line.Bytes.Span.Trim(" \t"u8).Length > 0)
                yield return line.IsTooLong ? _parser.TooLong(line.Number, line.Bytes.Span) : ParseLine(line);
        }
    }

    private ListItem ParseLine(Line line)
    {
        try
        {
            return _parser.FromJson(line.Number, line.Bytes);
        }
        catch (JsonException error)
        {
            return ListItem.Bad(line.Number, line.Bytes.Span, $"it is not valid JSON: {JsonProblems.Describe(error)}");
        }
    }

    private static void SkipMark(ByteWindow window)
    {
        var head = window.Span;
        if (head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            window.Advance(3);
        }
        else if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) || head[..Math.Min(head.Length, 512)].Contains((byte)0))
        {
            throw PipelineException.Permanent(FailureReasons.InvalidInput, "The list is not UTF-8 text (UTF-16, or a binary file). Save it as UTF-8 and submit it again.");
        }
    }
}
