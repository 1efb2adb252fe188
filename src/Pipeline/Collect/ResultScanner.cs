using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Emit;

namespace Pipeline.Collect;

/// <summary>Which field of a result document goes where: small ones into properties, content, parsed data and unknown fields into staged bytes.</summary>
internal sealed class ResultScanner(CollectOptions options, StagingPool staging) : JsonScanner(options.MaxDepth)
{
    private const int MaxCapturedBytes = 16 * 1024;

    // A field each of these may cost a look-up and a string; real results have a handful.
    private const int MaxUnknownFields = 1000;

    // Texts that are the same in most documents.
    private readonly LastText _status = new(), _driver = new(), _country = new(), _locale = new();
    private NormalizedResult _result = new();
    private readonly ContentDigest _digest = new();
    private ResultField _parent = ResultField.Root;
    private ResultField _field = ResultField.Root;
    private uint _seen;
    private HashSet<string>? _unknown;
    private string? _unknownName;
    private SpillBuffer? _target;
    private byte[] _captured = new byte[256];
    private int _capturedBytes;
    private bool _captures;
    private bool _digests;
    private bool _taken;

    public override void Start()
    {
        base.Start();
        _result = new();
        _digest.Start();
        (_parent, _field, _seen, _taken) = (ResultField.Root, ResultField.Root, 0, false);
        _unknown?.Clear();
    }

    /// <summary>The result, once the document is complete. The caller owns it.</summary>
    public NormalizedResult Take()
    {
        _taken = true;
        _result.ContentHash = _digest.Hash;
        _result.ContentBytes = _digest.ContentBytes;
        return _result;
    }

    protected override void OnName(ReadOnlySpan<byte> name)
    {
        _field = ResultFields.Find(_parent, name);
        if (_field == ResultField.Unknown)
        {
            _unknownName = Prefix + Encoding.UTF8.GetString(name);
            _unknown ??= new(StringComparer.Ordinal);
            if (!_unknown.Add(_unknownName))
                throw Invalid($"has the field '{_unknownName}' twice");
            if (_unknown.Count > MaxUnknownFields)
                throw PipelineException.Permanent(FailureReasons.LimitExceeded, $"The result document has more than {MaxUnknownFields} unknown fields.");
            return;
        }
        var bit = 1u << (int)_field;
        if ((_seen & bit) != 0)
            throw Invalid($"has the field '{Prefix}{Encoding.UTF8.GetString(name)}' twice");
        _seen |= bit;
    }

    protected override bool OnValueStart(JsonKind kind)
    {
        (_target, _captures, _digests, _capturedBytes) = (null, false, false, 0);
        if (_field == ResultField.Unknown)
        {
            StageUnknown();
            return false;
        }
        if (kind == JsonKind.Null && _field != ResultField.Root)
            return false;
        if (ResultFields.KindOf(_field) is { } expected && expected != kind)
            throw Invalid(_field == ResultField.Root ? "is not a JSON object" : $"has {Describe(_field)} of type {kind} where {expected} is expected");
        switch (_field)
        {
            case ResultField.Root or ResultField.Data or ResultField.Metadata:
                _parent = _field;
                return true;
            case ResultField.Html or ResultField.Markdown or ResultField.Text or ResultField.Screenshot:
                StageContent(ResultFields.ContentName(_field));
                break;
            case ResultField.Parsing or ResultField.Parsed:
                if (_result.Parsed is not null)
                    throw Invalid("has both 'data.parsing' and 'data.parsed'");
                _target = _result.Parsed = NewBuffer();
                break;
            default:
                _captures = true;
                break;
        }
        return false;
    }

    protected override void OnRaw(ReadOnlySpan<byte> raw)
    {
        _target?.Append(raw);
        if (_captures && ResultFields.KindOf(_field) == JsonKind.Number)
            Capture(raw);
    }

    protected override void OnText(ReadOnlySpan<byte> text)
    {
        if (_digests)
            _digest.Append(text);
        else if (_captures)
            Capture(text);
    }

    protected override void OnValueEnd()
    {
        if (_digests)
            _digest.EndField();
        else if (_captures)
            SetCaptured(_captured.AsSpan(0, _capturedBytes));
    }

    protected override void OnObjectEnd() => _parent = ResultField.Root;

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_taken)
            _result.Dispose();
        base.Dispose(disposing);
    }

    private string Prefix => _parent switch { ResultField.Data => "data.", ResultField.Metadata => "metadata.", _ => "" };

    private SpillBuffer NewBuffer() => new(options.SpillAt, options.SpillFolder, staging);

    private void StageContent(ReadOnlySpan<byte> name)
    {
        _digests = true;
        _digest.StartField(name);
        if (options.Content == ContentMode.Reference)
            return;
        _target = _result.Content;
        StartMember(_target ??= _result.Content = NewBuffer(), name);
    }

    private void StageUnknown()
    {
        // The request as the API repeats it names the callback, with its token; the record has the input already.
        if (_unknownName is "input" or "_query" or "callback_url" or "task" or "metadata.input" or "metadata._query" or "metadata.callback_url")
            return;
        _target = _result.Extra;
        StartMember(_target ??= _result.Extra = NewBuffer(), JsonEncodedText.Encode(_unknownName!, MinimalJsonEncoder.Instance).EncodedUtf8Bytes);
    }

    private static void StartMember(SpillBuffer target, ReadOnlySpan<byte> encodedName)
    {
        target.Append(target.Length > 0 ? ",\""u8 : "\""u8);
        target.Append(encodedName);
        target.Append("\":"u8);
    }

    private void Capture(ReadOnlySpan<byte> bytes)
    {
        if (_capturedBytes + bytes.Length > MaxCapturedBytes)
            throw Invalid($"has {Describe(_field)} of more than {MaxCapturedBytes} bytes");
        if (_capturedBytes + bytes.Length > _captured.Length)
            Array.Resize(ref _captured, Math.Max(_capturedBytes + bytes.Length, 2 * _captured.Length));
        bytes.CopyTo(_captured.AsSpan(_capturedBytes));
        _capturedBytes += bytes.Length;
    }

    private void SetCaptured(ReadOnlySpan<byte> value)
    {
        switch (_field)
        {
            case ResultField.StatusCode:
                _result.StatusCode = (int)ReadNumber(value, int.MinValue, int.MaxValue);
                return;
            case ResultField.QueryDuration:
                _result.DurationMs = ReadNumber(value, long.MinValue, long.MaxValue);
                return;
        }
        _ = _field switch
        {
            ResultField.Url => _result.Url = Encoding.UTF8.GetString(value),
            ResultField.TaskId => _result.TaskId = Encoding.UTF8.GetString(value),
            ResultField.Status => _result.Status = _status.Get(value),
            ResultField.QueryTime => _result.QueryTime = Encoding.UTF8.GetString(value),
            ResultField.Driver => _result.Driver = _driver.Get(value),
            ResultField.Country => _result.Country = _country.Get(value),
            ResultField.Locale => _result.Locale = _locale.Get(value),
            ResultField.Tag => _result.Tag = Encoding.UTF8.GetString(value),
            _ => throw new InvalidOperationException($"Nothing takes the field {_field}."),
        };
    }

    /// <summary>A whole number; fractions of it (milliseconds) are rounded.</summary>
    private long ReadNumber(ReadOnlySpan<byte> value, long min, long max)
    {
        if (!decimal.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || decimal.Round(number) is var whole && (whole < min || whole > max))
            throw Invalid($"has {Describe(_field)} out of range: {Encoding.UTF8.GetString(value[..Math.Min(value.Length, 40)])}");
        return (long)decimal.Round(number);
    }

    private static string Describe(ResultField field) => $"the field '{JsonNamingPolicy.SnakeCaseLower.ConvertName(field.ToString())}'";

    private PipelineException Invalid(string what) => PipelineException.Permanent(FailureReasons.ResultInvalid, $"The result document {what}, around byte {ScannedBytes}.");

    /// <summary>Keeps a text from one document for the next, which mostly has the same.</summary>
    private sealed class LastText
    {
        private string _text = "";

        public string Get(ReadOnlySpan<byte> utf8) => Ascii.Equals(utf8, _text) ? _text : _text = Encoding.UTF8.GetString(utf8);
    }
}
