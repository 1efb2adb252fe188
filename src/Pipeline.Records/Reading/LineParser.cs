using System.Buffers;
using System.Text;

namespace Pipeline.Records;

/// <summary>
/// Splits one line, which arrives in pieces, into the members of a record and of its content. Unescapes the texts of
/// the content; everything else stays JSON, for <see cref="System.Text.Json"/> to parse and validate.
/// </summary>
internal sealed class LineParser(MemberSink sink)
{
    // Names of members are always kept in memory.
    private const int MaxNameBytes = 1024;

    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[],"u8);
    private static readonly SearchValues<byte> StringStops = SearchValues.Create("\"\\"u8);

    private readonly ByteBuffer _name = new();
    private readonly TextUnescaper.SpanAction _appendText = sink.AppendText;
    private TextUnescaper _text;
    private State _state;
    private bool _inContent;
    private bool _wantsMember;
    private int _depth;
    private bool _inString;
    private bool _escaped;

    private enum State
    {
        Start,
        Name,
        InName,
        Colon,
        Value,
        Text,
        Raw,
        Next,
        End,
    }

    /// <summary>Whether the line so far is one complete object.</summary>
    public bool IsComplete => _state == State.End;

    /// <summary>Whether the line so far has nothing but white space.</summary>
    public bool IsEmpty => _state == State.Start;

    public void Start()
    {
        (_state, _inContent, _wantsMember, _depth, _inString, _escaped) = (State.Start, false, false, 0, false, false);
        _text = default;
    }

    /// <summary>Reads the next piece of the line.</summary>
    /// <exception cref="FormatException">It is not a JSON object; the message says why.</exception>
    public void Append(ReadOnlySpan<byte> piece)
    {
        while (!piece.IsEmpty)
            piece = piece[Step(piece)..];
    }

    private int Step(ReadOnlySpan<byte> piece)
    {
        switch (_state)
        {
            case State.Text:
                return ReadText(piece);
            case State.Raw:
                return ReadRaw(piece);
            case State.InName:
                return ReadName(piece);
        }
        var next = piece[0];
        if (next is (byte)' ' or (byte)'\t' or (byte)'\r')
            return 1;
        switch (_state)
        {
            case State.Start when next == '{':
                _state = State.Name;
                return 1;
            case State.Name when next == '"':
                _name.CutTo(0);
                _state = State.InName;
                return 1;
            case State.Name when next == '}' && !_wantsMember:
            case State.Next when next == '}':
                EndObject();
                return 1;
            case State.Next when next == ',':
                (_state, _wantsMember) = (State.Name, true);
                return 1;
            case State.Colon when next == ':':
                _state = State.Value;
                return 1;
            case State.Value:
                return StartValue(next);
            default:
                throw new FormatException(
                    _state == State.End ? "something follows its last brace" : "it is no JSON object");
        }
    }

    private int ReadName(ReadOnlySpan<byte> piece)
    {
        if (_escaped)
        {
            _name.Append(piece[..1]);
            _escaped = false;
            return 1;
        }
        var end = piece.IndexOfAny(StringStops);
        _name.Append(end < 0 ? piece : piece[..end]);
        if (_name.Length > MaxNameBytes)
            throw new FormatException($"the name of a member has more than {MaxNameBytes} bytes");
        if (end < 0)
            return piece.Length;
        if (piece[end] == '\\')
        {
            _name.Append(piece.Slice(end, 1));
            _escaped = true;
        }
        else
            _state = State.Colon;
        return end + 1;
    }

    private int StartValue(byte first)
    {
        var name = Encoding.UTF8.GetString(_name[..]);
        if (!_inContent && name == "content" && first == '{')
        {
            sink.StartContent();
            (_inContent, _state, _wantsMember) = (true, State.Name, false);
            return 1;
        }
        if (_inContent && first == '"' && name is "html" or "markdown" or "text" or "screenshot")
        {
            sink.StartText(name);
            (_text, _state) = (default, State.Text);
            return 1;
        }
        sink.StartJson(name);
        (_state, _depth, _inString, _escaped) = (State.Raw, 0, false, false);
        return 0;
    }

    private int ReadText(ReadOnlySpan<byte> piece)
    {
        var read = _text.Read(piece, out var isEnd, _appendText);
        if (isEnd)
        {
            sink.EndText();
            _state = State.Next;
        }
        return read;
    }

    /// <summary>Copies a value to its end, which follows from depth and strings alone.</summary>
    private int ReadRaw(ReadOnlySpan<byte> piece)
    {
        var at = 0;
        while (at < piece.Length)
        {
            if (_escaped)
            {
                _escaped = false;
                at++;
                continue;
            }
            var stop = piece[at..].IndexOfAny(_inString ? StringStops : Structure);
            if (stop < 0)
                break;
            at += stop;
            if (EndsRaw(piece[at]))
            {
                sink.Append(piece[..at]);
                sink.EndJson();
                _state = State.Next;
                return at;
            }
            at++;
        }
        sink.Append(piece);
        return piece.Length;
    }

    /// <summary>Follows a structural character; true if the value ended before it.</summary>
    private bool EndsRaw(byte stop)
    {
        switch (stop)
        {
            case (byte)'\\':
                _escaped = true;
                return false;
            case (byte)'"':
                _inString = !_inString;
                return false;
            case (byte)'{' or (byte)'[':
                _depth++;
                return false;
            case (byte)',':
                return _depth == 0;
            default:
                return _depth-- == 0;
        }
    }

    private void EndObject()
    {
        if (_inContent)
        {
            sink.EndContent();
            (_inContent, _state) = (false, State.Next);
        }
        else
            _state = State.End;
    }
}
