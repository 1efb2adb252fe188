using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Unicode;
using Pipeline.Json;

namespace Pipeline.Intake.Reading.Csv;

/// <summary>Reads a CSV list: a header row, then one row per input. A bad row fails on its own.</summary>
internal sealed class CsvReader(ByteWindow window, ItemParser parser, CsvHeaderMatch found, int maxItemBytes)
{
    private const string OpenQuote = "a quote is never closed, or text follows a closing quote";

    private readonly CsvHeader _header = found.Header;
    private readonly IReadOnlySet<string>? _kept = found.Header.Kept.Count == 0 ? null : found.Header.Kept;
    private readonly List<ReadOnlyMemory<byte>> _cells = [];
    private readonly ArrayBufferWriter<byte> _json = new();
    private long _line;

    /// <summary>Reads the items. Each is valid until the next.</summary>
    public async IAsyncEnumerable<ListItem> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (; _line < found.Line; _line++)
            await window.SkipLineAsync(cancellationToken);
        while (true)
        {
            await window.SkipMarksAsync(cancellationToken);
            var end = CsvRecord.FindEnd(window.Span, _header.Delimiter, out var isOpen);
            if (end < 0 && window.Length <= maxItemBytes && await window.FillAsync(cancellationToken))
                continue;
            if (window.Length == 0)
                yield break;
            var first = _line + 1;
            if (end < 0 && (isOpen || !window.IsEnded))
            {
                yield return await SkipLineAsync(first, isOpen, cancellationToken);
                continue;
            }
            var length = end < 0 ? window.Length : end;
            var item = Read(first, window.Memory[..length]);
            _line += 1 + LineEnds.Count(window.Span[..length]);
            if (item is { } row)
                yield return row;
            window.Advance(length);
            if (end >= 0)
                await window.TakeLineEndAsync(cancellationToken);
        }
    }

    private ListItem? Read(long line, ReadOnlyMemory<byte> record)
    {
        if (record.Span.Trim(" \t"u8).Length == 0 || _header.IsRepeatedBy(record.Span))
            return null;
        if (record.Length > maxItemBytes)
            return parser.TooLong(line, record.Span);
        if (!Utf8.IsValid(record.Span))
            return ListItem.Bad(line, record.Span, "it is not UTF-8 text");
        if (!CsvRecord.TrySplit(record, _header.Delimiter, _cells))
            return ListItem.Bad(line, record.Span, OpenQuote);
        return IsOnlyUrl() ? ItemParser.FromUrl(line, _cells[_header.UrlColumn].Span) : ReadFields(line, record.Span);
    }

    private bool IsOnlyUrl()
    {
        var url = _header.UrlColumn;
        if (url < 0 || url >= _cells.Count || _cells[url].Length == 0)
            return false;
        for (var i = 0; i < _cells.Count; i++)
        {
            if (i != url && _cells[i].Length > 0)
                return false;
        }
        return true;
    }

    private ListItem? ReadFields(long line, ReadOnlySpan<byte> record)
    {
        _json.ResetWrittenCount();
        using var writer = new Utf8JsonWriter(_json, CanonicalJson.Options);
        writer.WriteStartObject();
        var count = 0;
        for (var i = 0; i < _cells.Count; i++)
        {
            if (_cells[i].Length == 0)
                continue;
            count++;
            if (i >= _header.Names.Count || _header.Names[i].Length == 0)
                return ListItem.Bad(line, record, $"cell {i + 1} has no column name in the header");
            if (_header.Kept.Contains(_header.Names[i]))
                writer.WriteString(_header.Names[i], _cells[i].Span);
            else if (CellValue.Write(writer, _header.Names[i], _cells[i].Span) is { } problem)
                return ListItem.Bad(line, record, problem);
        }
        writer.WriteEndObject();
        writer.Flush();
        if (count == 0)
            return null;
        var item = parser.FromJson(line, _json.WrittenMemory) with { Kept = _kept };
        return item.Text.Length == 0 ? item : item with { Text = ListItem.TextOf(record) };
    }

    private async ValueTask<ListItem> SkipLineAsync(long line, bool isOpen, CancellationToken cancellationToken)
    {
        var end = LineEnds.IndexOf(window.Span);
        var begin = window.Span[..(end < 0 ? window.Length : end)];
        var item =
            isOpen && begin.Length <= maxItemBytes ? ListItem.Bad(line, begin, OpenQuote) : parser.TooLong(line, begin);
        await window.SkipLineAsync(cancellationToken);
        _line++;
        return item;
    }
}
