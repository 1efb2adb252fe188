using System.Collections.Frozen;
using System.Text;
using System.Text.Json;

namespace Pipeline.Records;

/// <summary>
/// Keeps the members of one record: JSON and texts in memory up to the limit, larger ones in a temporary file.
/// </summary>
internal sealed class MemberSink(RecordReaderOptions options) : IDisposable
{
    // A record has about 50. Each costs memory for its name.
    private const int MaxMembers = 4096;

    private static readonly string[] Bulky = ["content", "parsed", "links", "redirects", "extra"];

    /// <summary>The required members of a record. They are small and stay in memory.</summary>
    private static readonly FrozenSet<string> Small = RecordsJson.Default.Record.Properties
        .Select(property => property.Name)
        .Except(Bulky)
        .ToFrozenSet(StringComparer.Ordinal);

    private readonly ByteBuffer _json = new();
    private readonly ByteBuffer _texts = new();
    private readonly ContentHash _hash = new();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<(string Name, Range Bytes)> _kept = [];
    private SpooledMembers? _spooled;
    private string _member = "";
    private int _start;
    private bool _isText;
    private bool _isSpooling;
    private bool _inContent;
    private bool _hasMembers;

    /// <summary>Starts the next record. The large members of the last one can no longer be read.</summary>
    public void Start()
    {
        Dispose();
        (_isSpooling, _inContent, _hasMembers) = (false, false, false);
        _json.Clear();
        _texts.Clear();
        _names.Clear();
        _kept.Clear();
        _hash.Start();
        _json.Append("{"u8);
    }

    public void StartContent()
    {
        StartJson("content");
        _json.Append("{"u8);
        (_inContent, _hasMembers) = (true, false);
    }

    public void EndContent()
    {
        _json.Append("}"u8);
        (_inContent, _hasMembers) = (false, true);
    }

    public void StartText(string name)
    {
        Claim(name);
        (_isText, _start) = (true, _texts.Length);
        if (options.VerifyDigests)
            _hash.StartText(Encoding.UTF8.GetBytes(name));
    }

    public void AppendText(ReadOnlySpan<byte> text)
    {
        if (options.VerifyDigests)
            _hash.Append(text);
        Append(text);
    }

    public void EndText()
    {
        if (options.VerifyDigests)
            _hash.EndText();
        if (!EndSpooled())
            _kept.Add((_member, _start.._texts.Length));
    }

    public void StartJson(string name)
    {
        Claim(name);
        (_isText, _start) = (false, _json.Length);
        if (_hasMembers)
            _json.Append(","u8);
        _json.Append("\""u8);
        _json.Append(Encoding.UTF8.GetBytes(name));
        _json.Append("\":"u8);
    }

    public void EndJson() => _hasMembers |= !EndSpooled();

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (!_isSpooling && bytes.Length > Limit - _json.Length - _texts.Length)
            StartSpooling();
        if (_isSpooling)
            _spooled!.Append(bytes);
        else
            (_isText ? _texts : _json).Append(bytes);
    }

    /// <summary>Returns the record of a complete line.</summary>
    /// <exception cref="JsonException">It does not conform to the schema.</exception>
    /// <exception cref="RecordException">The content does not match its digest.</exception>
    public Record Build(RecordPosition position)
    {
        _json.Append("}"u8);
        _spooled?.Complete();
        var record = JsonSerializer.Deserialize(_json.Memory.Span, RecordsJson.Default.Record)
            ?? throw new JsonException("it is null");
        if (record.Schema != Record.SchemaName)
            throw new JsonException($"its schema is '{record.Schema}', not '{Record.SchemaName}'");
        record = record with { Position = position, Spooled = _spooled, Content = AddTexts(record.Content) };
        return record with { IsContentVerified = Verify(record) };
    }

    public void Dispose()
    {
        _spooled?.Dispose();
        _spooled = null;
    }

    private bool IsSmall => !_inContent && Small.Contains(_member);

    /// <summary>Small members have space of their own, however much the content before them has used.</summary>
    private long Limit => (IsSmall ? 2L : 1L) * options.MaxMemoryBytes;

    /// <summary>The serializer sees only the members in memory, so duplicates of the others are found here.</summary>
    private void Claim(string name)
    {
        _member = name;
        if (!_names.Add(_inContent ? "content." + name : name))
            throw new FormatException($"it has '{name}' twice");
        if (_names.Count > MaxMembers)
            throw new FormatException($"it has more than {MaxMembers} members");
    }

    private void StartSpooling()
    {
        if (IsSmall)
            throw new FormatException($"'{_member}' has more than {options.MaxMemoryBytes} bytes");
        _spooled ??= new(options.TempFolder);
        var buffer = _isText ? _texts : _json;
        // The member's name is in the JSON before its value, after a comma unless it is the first.
        var value = _isText ? _start : _start + (_hasMembers ? 1 : 0) + Encoding.UTF8.GetByteCount(_member) + 3;
        _spooled.Append(buffer[value..]);
        buffer.CutTo(_start);
        _isSpooling = true;
    }

    private bool EndSpooled()
    {
        if (!_isSpooling)
            return false;
        _isSpooling = false;
        _spooled!.EndMember(_member);
        return true;
    }

    private RecordContent? AddTexts(RecordContent? content)
    {
        foreach (var (name, bytes) in _kept)
        {
            var text = Encoding.UTF8.GetString(_texts[bytes]);
            content = name switch
            {
                "html" => content! with { Html = text },
                "markdown" => content! with { Markdown = text },
                "text" => content! with { Text = text },
                _ => content! with { Screenshot = text },
            };
        }
        return content;
    }

    /// <summary>Records without content cannot be verified, unless they never had any.</summary>
    private bool Verify(Record record)
    {
        if (!options.VerifyDigests || (record.Content is null && record.ContentBytes > 0)
            || !record.ContentDigest.StartsWith(ContentHash.Algorithm, StringComparison.Ordinal))
            return false;
        var digest = _hash.ToString();
        if (digest == record.ContentDigest && _hash.Bytes == record.ContentBytes)
            return true;
        throw new RecordException(
            RecordFault.Damaged,
            $"the content has digest {digest} and {_hash.Bytes} bytes, but the record says {record.ContentDigest} and "
                + $"{record.ContentBytes}",
            record.Position, record.Id);
    }
}
