using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Pipeline.Collect.Json;
using Pipeline.Export.Rows;
using Pipeline.Export.Tables;

namespace Pipeline.Export.Reading;

/// <summary>
/// Reads one JSON object, a record or a failure, into a row of a batch, from pieces of any size. A text above
/// <see cref="MaxText"/> is left out and named in <c>omitted</c>, and so is a text that would make the row's texts
/// exceed twice that. So one document cannot use all memory.
/// </summary>
/// <param name="table">The table.</param>
/// <param name="withContent">Whether columns of content get values.</param>
internal sealed class RowScanner(Table table, bool withContent) : JsonScanner(MaxDepth)
{
    /// <summary>The longest text of a cell, bytes. Many readers cannot hold longer ones.</summary>
    public const int MaxTextBytes = 64 << 20;

    // Shorter texts, such as digests, are always kept. A row has few of them.
    private const int AlwaysKeptBytes = 64 * 1024;

    // A result may be as deep as Collect:MaxDepth allows, plus the record around it.
    private const int MaxDepth = 1024;

    // Ticks count from the year 1, so their division rounds down on both sides of 1970.
    private const long UnixEpoch = 62_135_596_800_000_000;

    private readonly MemberMap _members = new(table.Columns);
    private readonly int _omittedColumn =
        table.Columns.ToList().FindIndex(column => column.Path == "omitted");
    private readonly List<string> _cut = [];
    private RowBatch _batch = null!;
    private MemberMap? _inner;
    private MemberMap.Member? _member;
    private ColumnValues? _values;
    private bool _takesText;
    private bool _isCut;
    private bool _isInside;
    private bool _isOurs;
    private long _rowBytes;

    /// <summary>The longest text that is kept, bytes.</summary>
    public int MaxText { get; init; } = MaxTextBytes;

    /// <summary>Number of texts left out so far because they were too long.</summary>
    public long LeftOut { get; private set; }

    /// <summary>Starts a row of a batch.</summary>
    public void Start(RowBatch batch)
    {
        Start();
        (_batch, _inner, _member, _values) = (batch, null, null, null);
        (_isCut, _isInside, _isOurs, _rowBytes) = (false, false, false, 0);
        _cut.Clear();
        batch.Texts.Drop();
        batch.BeginRow();
    }

    /// <summary>Adds the row to the batch.</summary>
    /// <exception cref="FormatException">It is incomplete, or not a row of this table.</exception>
    public void End()
    {
        if (!IsComplete)
            throw new FormatException("it is not a complete JSON object");
        if (!_isOurs)
            throw new FormatException($"its 'schema' is not {table.Schema}");
        if (_cut.Count > 0 && _omittedColumn >= 0)
            AddOmitted(_batch.Columns[_omittedColumn]);
        _batch.EndRow();
    }

    protected override void OnName(ReadOnlySpan<byte> name) => _member = (_inner ?? _members).Find(name);

    protected override bool OnValueStart(JsonKind kind)
    {
        if (_member is { Inner: { } inner } && kind == JsonKind.Object)
        {
            _inner = inner;
            return true;
        }
        if (!_isInside)
            return _isInside = kind == JsonKind.Object ? true : throw new FormatException("it is not a JSON object");
        _values = _member is { Column: >= 0 and var index } && kind != JsonKind.Null ? _batch.Columns[index] : null;
        if (_values is { Column.IsContent: true } && !withContent)
            _values = null;
        _takesText = _values?.Column.Kind == ColumnKind.Text && kind == JsonKind.String;
        return false;
    }

    protected override void OnText(ReadOnlySpan<byte> text)
    {
        if (_takesText)
            Append(text);
    }

    protected override void OnRaw(ReadOnlySpan<byte> raw)
    {
        if ((_values is not null && !_takesText) || _member?.Column == MemberMap.Schema)
            Append(raw);
    }

    protected override void OnValueEnd()
    {
        if (_member?.Column == MemberMap.Schema)
            _isOurs = _batch.Texts.Take().Span.SequenceEqual(Encoding.UTF8.GetBytes($"\"{table.Schema}\""));
        else if (_values is not null && _isCut)
            CutOff(_values.Column);
        else if (_values is not null)
            Set(_values);
        (_values, _isCut) = (null, false);
    }

    protected override void OnObjectEnd() => _inner = null;

    private void Append(ReadOnlySpan<byte> bytes)
    {
        var length = _batch.Texts.Pending + bytes.Length;
        _isCut |= length > MaxText || (length > AlwaysKeptBytes && _rowBytes + length > 2L * MaxText);
        if (!_isCut)
            _batch.Texts.Append(bytes);
    }

    private void CutOff(Column column)
    {
        _batch.Texts.Drop();
        _cut.Add(column.Name);
        LeftOut++;
    }

    private void Set(ColumnValues values)
    {
        var text = _batch.Texts.Take();
        _rowBytes += text.Length;
        if (values.Column.IsText)
            values.Set(_batch.Rows, text);
        else
            values.Set(_batch.Rows, Parse(values.Column, text.Span));
    }

    private static long Parse(Column column, ReadOnlySpan<byte> raw)
    {
        switch (column.Kind)
        {
            case ColumnKind.Number when Utf8Parser.TryParse(raw, out long number, out var read) && read == raw.Length:
                return number;
            case ColumnKind.Boolean when raw is [(byte)'t' or (byte)'f', ..]:
                return raw[0] == 't' ? 1 : 0;
            case ColumnKind.Time when raw is [(byte)'"', ..]:
                var reader = new Utf8JsonReader(raw);
                if (reader.Read() && reader.TryGetDateTimeOffset(out var time))
                    return (time.UtcTicks / TimeSpan.TicksPerMicrosecond) - UnixEpoch;
                break;
        }
        throw new FormatException($"its '{column.Path}' is not a {Word(column.Kind)}");
    }

    private static string Word(ColumnKind kind) => kind switch
    {
        ColumnKind.Number => "whole number",
        ColumnKind.Boolean => "true or false",
        _ => "time",
    };

    private void AddOmitted(ColumnValues omitted)
    {
        var row = _batch.Rows;
        string[] known = omitted.BytesOf(row) > 0
            ? JsonSerializer.Deserialize(omitted.Texts[row].Span, ExportJson.Default.StringArray) ?? []
            : [];
        _batch.Texts.Append(
            JsonSerializer.SerializeToUtf8Bytes([.. known, .. _cut], ExportJson.Default.StringArray));
        omitted.Set(row, _batch.Texts.Take());
    }
}
