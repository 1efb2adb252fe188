using System.Text;
using Pipeline.Collect.Json;
using Pipeline.Collect.Normalize.Text;
using Pipeline.Model;
using Pipeline.Options;
using Pipeline.Staging;

namespace Pipeline.Collect.Normalize;

/// <summary>
/// Distributes the fields of a result document: small ones go to properties; content, lists, parsed data and all others
/// are staged as bytes. A field of an unexpected type goes to <c>extra</c>, so that it does not affect the others.
/// </summary>
internal sealed partial class ResultScanner(CollectOptions options, StagingPool staging) : JsonScanner(options.MaxDepth)
{
    // Every unknown field costs a lookup and a string; real results have a handful.
    private const int MaxUnknownFields = 1000;

    private NormalizedResult _result = new();
    private readonly ContentDigest _digest = new();
    private TextDigest? _text;
    private ResultField _parent = ResultField.Document;
    private ResultField _field = ResultField.Document;
    private uint _seen;
    private HashSet<string>? _unknown;
    private string _name = "";
    private FieldPlace _place;
    private SpillBuffer? _target;
    private LineSeparators _separators;
    private bool _taken;
    private bool _isParsed;

    /// <summary>Whether the bytes so far may contain U+2028 or U+2029.</summary>
    public bool MayHoldSeparators { get; set; }

    /// <summary>Whether the next document gets a digest of its visible text.</summary>
    public bool HasTextDigest { get; set; }

    private bool ByReference => options.Content == ContentMode.Reference;

    public override void Start()
    {
        base.Start();
        StartDocument();
        (_wrapper, _isUnwrapped) = (null, false);
    }

    /// <summary>Returns the result of a complete document. The caller owns it.</summary>
    public NormalizedResult Take()
    {
        Unwrap();
        _taken = true;
        _result.ContentHash = _digest.Hash;
        _result.ContentBytes = _digest.ContentBytes;
        _result.TextHash = HasTextDigest ? _text!.Hash : null;
        _result.LoneSurrogates = LoneSurrogates;
        return _result;
    }

    protected override void OnName(ReadOnlySpan<byte> name)
    {
        _field = ResultFields.Find(_parent, name);
        if (_field == ResultField.Unknown)
        {
            _name = Prefix + Encoding.UTF8.GetString(name);
            if (!(_unknown ??= new(StringComparer.Ordinal)).Add(_name))
                throw Invalid($"has the field '{_name}' twice");
            if (_unknown.Count > MaxUnknownFields)
                throw PipelineException.Permanent(
                    FailureReasons.LimitExceeded,
                    $"The result document has more than {MaxUnknownFields} unknown fields.");
            return;
        }
        var bit = 1u << (int)_field;
        if ((_seen & bit) != 0)
            throw Invalid($"has the field '{NameOf(_field)}' twice");
        _seen |= bit;
    }

    protected override bool OnValueStart(JsonKind kind)
    {
        (_target, _kind) = (null, kind);
        if (_field is ResultField.Document or ResultField.Results)
            return StartWrapper(kind);
        if (kind == JsonKind.Null && _field != ResultField.Unknown)
        {
            _place = FieldPlace.Extra;
            return false;
        }
        _place = ResultFields.PlaceOf(_field, kind);
        _result.HasData |= _parent == ResultField.Data && kind != JsonKind.Null;
        switch (_place)
        {
            case FieldPlace.Parent when kind == JsonKind.Object:
                _parent = _field;
                return true;
            case FieldPlace.Parent or FieldPlace.Small:
                StartCapture();
                break;
            case FieldPlace.Text:
                _digest.StartField(NameBytes);
                StartText();
                StartStaging();
                break;
            // Parsed data has two possible names; if a document has both, the second goes to extra.
            case FieldPlace.Parsed when _result.Parsed is not null || _omitsParsed:
                _place = FieldPlace.Extra;
                StartStaging();
                break;
            default:
                if (_place == FieldPlace.Parsed)
                    StartText();
                StartStaging();
                break;
        }
        return false;
    }

    protected override void OnRaw(ReadOnlySpan<byte> raw)
    {
        if (HasTextDigest && _isParsed)
            _text!.Append(raw);
        while (_separators.Next(ref raw, MayHoldSeparators, out var segment))
        {
            if (_captures)
                Capture(segment);
            else
                _target?.Append(segment);
        }
    }

    protected override void OnText(ReadOnlySpan<byte> text)
    {
        if (_place != FieldPlace.Text)
            return;
        _digest.Append(text);
        if (HasTextDigest)
            _text!.Append(text);
    }

    protected override void OnValueEnd()
    {
        if (_place == FieldPlace.Text)
            _digest.EndField();
        if (HasTextDigest)
            _text!.EndField();
        _isParsed = false;
        if (_captures)
            EndCapture();
        _place = FieldPlace.Extra;
    }

    protected override void OnObjectEnd() => _parent = ResultField.Root;

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_taken)
            _result.Dispose();
        if (disposing)
            _wrapper?.Dispose();
        _wrapper = null;
        base.Dispose(disposing);
    }

    private string Prefix => PrefixOf(_parent);

    private void StartDocument()
    {
        _result = new();
        _digest.Start();
        if (HasTextDigest)
            (_text ??= new()).Start();
        (_parent, _field, _seen, _taken) = (ResultField.Document, ResultField.Document, 0, false);
        (_captures, _capturedBytes, _omitsParsed, _separators) = (false, 0, false, default);
        _unknown?.Clear();
    }

    // The JSON of parsed data is its text. It may end as a captured value, so its place does not show that.
    private void StartText()
    {
        if (!HasTextDigest)
            return;
        _text!.StartField(_field);
        _isParsed = _place == FieldPlace.Parsed;
    }

    private static string PrefixOf(ResultField parent) =>
        parent switch { ResultField.Data => "data.", ResultField.Metadata => "metadata.", _ => "" };

    /// <summary>The full name of a known field, such as <c>data.html</c>.</summary>
    private static string NameOf(ResultField field) => field switch
    {
        >= ResultField.Html and <= ResultField.Redirects => "data.",
        >= ResultField.QueryDuration => "metadata.",
        _ => "",
    } + Encoding.UTF8.GetString(ResultFields.NameOf(field));

    private PipelineException Invalid(string what) => PipelineException.Permanent(
        FailureReasons.ResultInvalid, $"The result document {what}, around byte {ScannedBytes}.");
}
