using System.Buffers;
using Pipeline.Model;

namespace Pipeline.Collect.Json;

/// <summary>The type of a JSON value, known from its first byte.</summary>
internal enum JsonKind
{
    Object,
    Array,
    String,
    Number,
    Boolean,
    Null,
}

/// <summary>
/// Scans a JSON document that arrives in pieces of any size, strictly by RFC 8259, and never holds more than one piece.
/// It descends into an object only if <see cref="OnValueStart"/> asks for it; every other value is passed on as raw
/// bytes without insignificant whitespace. It makes one repair: a lone surrogate, which is not text, becomes U+FFFD.
/// </summary>
/// <remarks>
/// The caller must have validated the bytes as UTF-8. The scanner handles one document at a time, each from
/// <see cref="Start"/> to <see cref="Dispose()"/>. After an exception it must not be used again.
/// </remarks>
internal abstract partial class JsonScanner : IDisposable
{
    private readonly int _maxDepth;
    private readonly ulong[] _objects;
    private State _state = State.Start;
    private int _depth;
    private long _base;

    // The value that is passed on raw: where its unsent bytes begin in this piece, and the depth around it.
    private bool _raw;
    private int _rawFrom;
    private int _rawDepth;

    protected JsonScanner(int maxDepth) => (_maxDepth, _objects) = (maxDepth, new ulong[(maxDepth / 64) + 1]);

    private enum State : byte
    {
        Start,
        Value,
        FirstMember,
        Member,
        Colon,
        FirstElement,
        AfterValue,
        String,
        Escape,
        Number,
        Literal,
        Done,
    }

    /// <summary>Whether the document is complete.</summary>
    public bool IsComplete => _state == State.Done;

    /// <summary>Number of bytes scanned.</summary>
    public long ScannedBytes => _base;

    /// <summary>Number of lone surrogates replaced by U+FFFD.</summary>
    public int LoneSurrogates { get; protected set; }

    /// <summary>Starts another document.</summary>
    public virtual void Start()
    {
        (_state, _depth, _base, _raw, LoneSurrogates) = (State.Start, 0, 0, false, 0);
        if (_text.Length == 0)
            _text = ArrayPool<byte>.Shared.Rent(TextBytes);
    }

    /// <summary>Scans the next bytes of the document.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: <see cref="FailureReasons.ResultInvalid"/>, or <see cref="FailureReasons.LimitExceeded"/> if the
    /// nesting is too deep.
    /// </exception>
    public void Scan(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var piece = bytes[..Math.Min(bytes.Length, PieceBytes)];
            ScanPiece(piece);
            bytes = bytes[piece.Length..];
        }
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Called with the unescaped name of a member of the object that the scanner is in.</summary>
    protected abstract void OnName(ReadOnlySpan<byte> name);

    /// <summary>
    /// Called at the start of the root, or of the value of the member just named. Returns true to descend into it,
    /// which only objects allow.
    /// </summary>
    protected abstract bool OnValueStart(JsonKind kind);

    /// <summary>Called with raw bytes of the value.</summary>
    protected abstract void OnRaw(ReadOnlySpan<byte> raw);

    /// <summary>Called with the unescaped text of a string value, in pieces.</summary>
    protected abstract void OnText(ReadOnlySpan<byte> text);

    /// <summary>Called at the end of a value that is passed on raw.</summary>
    protected abstract void OnValueEnd();

    /// <summary>Called at the end of an object that the scanner has descended into.</summary>
    protected abstract void OnObjectEnd();

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            ReturnText();
    }

    private void ScanPiece(ReadOnlySpan<byte> piece)
    {
        (_rawFrom, _textBytes) = (0, 0);
        for (var at = 0; at < piece.Length;)
        {
            at = _state switch
            {
                State.String => ScanString(piece, at),
                State.Escape => ScanEscape(piece, at),
                State.Number => ScanNumber(piece, at),
                State.Literal => ScanLiteral(piece, at),
                State.Start => ScanStart(piece, at),
                _ => ScanStructure(piece, at),
            };
        }
        if (_state is State.String or State.Escape)
            SendText();
        // The bytes of an open escape are sent when its end is known.
        if (_raw && _state != State.Escape)
            OnRaw(piece[_rawFrom..]);
        _base += piece.Length;
    }

    /// <summary>Skips a byte order mark, which is not JSON but harmless at the start.</summary>
    private int ScanStart(ReadOnlySpan<byte> piece, int at)
    {
        var position = _base + at;
        if (position < 3 && piece[at] == "\uFEFF"u8[(int)position])
            return at + 1;
        if (position is 1 or 2)
            throw Invalid("does not begin with a JSON value", at);
        _state = State.Value;
        return at;
    }

    private int ScanStructure(ReadOnlySpan<byte> piece, int at)
    {
        while (at < piece.Length)
        {
            var b = piece[at];
            if (IsWhitespace(b))
            {
                at = SkipWhitespace(piece, at);
                continue;
            }
            switch (_state)
            {
                case State.FirstMember or State.Member when b == '"':
                    StartString(isName: true);
                    return at + 1;
                case State.Colon when b == ':':
                    _state = State.Value;
                    at++;
                    break;
                case State.AfterValue when b == ',':
                    _state = IsInObject ? State.Member : State.Value;
                    at++;
                    break;
                case State.FirstMember or State.AfterValue when b == '}' && IsInObject:
                case State.FirstElement or State.AfterValue when b == ']' && !IsInObject:
                    Close(piece, ++at);
                    break;
                case State.Value or State.FirstElement:
                    StartValue(b, at++);
                    if (_state is State.String or State.Number or State.Literal)
                        return at;
                    break;
                default:
                    throw Unexpected(b, at);
            }
        }
        return at;
    }

    private bool IsInObject => _depth > 0 && (_objects[(_depth - 1) / 64] >> ((_depth - 1) % 64) & 1) != 0;

    private static bool IsWhitespace(byte b) => b is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t';

    private int SkipWhitespace(ReadOnlySpan<byte> piece, int at)
    {
        if (_raw && at > _rawFrom)
            OnRaw(piece[_rawFrom..at]);
        do
            at++;
        while (at < piece.Length && IsWhitespace(piece[at]));
        _rawFrom = at;
        return at;
    }

    private void StartValue(byte b, int at)
    {
        var kind = b switch
        {
            (byte)'{' => JsonKind.Object,
            (byte)'[' => JsonKind.Array,
            (byte)'"' => JsonKind.String,
            (byte)'-' or (>= (byte)'0' and <= (byte)'9') => JsonKind.Number,
            (byte)'t' or (byte)'f' => JsonKind.Boolean,
            (byte)'n' => JsonKind.Null,
            _ => throw Unexpected(b, at),
        };
        if (!_raw && !OnValueStart(kind))
            (_raw, _rawFrom, _rawDepth) = (true, at, _depth);
        switch (kind)
        {
            case JsonKind.Object or JsonKind.Array:
                Open(kind == JsonKind.Object, at);
                break;
            case JsonKind.String:
                StartString(isName: false);
                break;
            case JsonKind.Number:
                StartNumber(b);
                break;
            default:
                StartLiteral(b);
                break;
        }
    }

    private void Open(bool isObject, int at)
    {
        if (_depth == _maxDepth)
            throw PipelineException.Permanent(FailureReasons.LimitExceeded,
                $"The result document is nested deeper than {_maxDepth} levels at byte {_base + at}. Raise "
                    + "Collect:MaxDepth if such results are expected.");
        var bit = 1UL << (_depth % 64);
        _objects[_depth / 64] = isObject ? _objects[_depth / 64] | bit : _objects[_depth / 64] & ~bit;
        _depth++;
        _state = isObject ? State.FirstMember : State.FirstElement;
    }

    private void Close(ReadOnlySpan<byte> piece, int end)
    {
        _depth--;
        if (!_raw)
            OnObjectEnd();
        EndValue(piece, end);
    }

    /// <summary>Ends a value before index <paramref name="end"/>; it may be the value that is passed on raw.</summary>
    private void EndValue(ReadOnlySpan<byte> piece, int end)
    {
        if (_raw && _depth == _rawDepth)
        {
            OnRaw(piece[_rawFrom..end]);
            _raw = false;
            OnValueEnd();
        }
        _state = _depth == 0 ? State.Done : State.AfterValue;
    }

    /// <summary>Creates the error for an invalid document; <paramref name="at"/> is an index into the piece.</summary>
    private PipelineException Invalid(string what, int at) =>
        PipelineException.Permanent(FailureReasons.ResultInvalid, $"The result document {what} at byte {_base + at}.");

    private PipelineException Unexpected(byte b, int at)
    {
        var character = b is > 0x20 and < 0x7F ? $" ('{(char)b}')" : "";
        return Invalid(
            _state == State.Done ? "has data after its end" : $"has an unexpected byte 0x{b:X2}{character}", at);
    }
}
