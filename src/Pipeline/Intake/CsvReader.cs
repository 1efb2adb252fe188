using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Unicode;

namespace Pipeline.Intake;

/// <summary>Reads a CSV list: a header row, then a row per input. Bad rows fail alone.</summary>
internal sealed class CsvReader(ByteWindow window, ItemParser parser, int maxItemBytes)
{
    private const string OpenQuote = "a quote is opened here and never closed, or text follows a closing quote";

    private readonly List<ReadOnlyMemory<byte>> _cells = [];
    private readonly ArrayBufferWriter<byte> _json = new();
    private CsvHeader? _header;
    private long _line;

    /// <summary>The items.</summary>
    public async IAsyncEnumerable<ListItem> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var isOpen = false;
            var end = _header is null ? window.Span.IndexOf((byte)'\n') : CsvRecord.FindEnd(window.Span, _header.Delimiter, out isOpen);
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
            _line += 1 + window.Span[..length].Count((byte)'\n');
            if (item is { } row)
                yield return row;
            window.Advance(Math.Min(length + 1, window.Length));
        }
    }

    private ListItem? Read(long line, ReadOnlyMemory<byte> record)
    {
        if (record.Length > 0 && record.Span[^1] == (byte)'\r')
            record = record[..^1];
        if (record.Span.Trim(" \t"u8).Length == 0)
            return null;
        if (_header is null)
        {
            if (record.Span[0] != (byte)'#')
                _header = CsvHeader.Parse(record);
            return null;
        }
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
        var url = _header!.UrlColumn;
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
            if (i >= _header!.Names.Count || _header.Names[i].Length == 0)
                return ListItem.Bad(line, record, $"cell {i + 1} has no column name in the header");
            if (CellValue.Write(writer, _header.Names[i], _cells[i].Span) is { } problem)
                return ListItem.Bad(line, record, problem);
        }
        writer.WriteEndObject();
        writer.Flush();
        if (count == 0)
            return null;
        var item = parser.FromJson(line, _json.WrittenMemory);
        return item.Text.Length == 0 ? item : item with { Text = ListItem.TextOf(record) };
    }

    private async ValueTask<ListItem> SkipLineAsync(long line, bool isOpen, CancellationToken cancellationToken)
    {
        var end = window.Span.IndexOf((byte)'\n');
        var begin = window.Span[..(end < 0 ? window.Length : end)].TrimEnd((byte)'\r');
        var item = isOpen && begin.Length <= maxItemBytes ? ListItem.Bad(line, begin, OpenQuote) : parser.TooLong(line, begin);
        while (end < 0)
        {
            window.Advance(window.Length);
            if (!await window.FillAsync(cancellationToken))
                break;
            end = window.Span.IndexOf((byte)'\n');
        }
        window.Advance(end + 1);
        _line++;
        return item;
    }
}
