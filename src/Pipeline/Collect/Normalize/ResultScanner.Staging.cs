using System.Text;
using System.Text.Json;
using Pipeline.Json;
using Pipeline.Staging;

namespace Pipeline.Collect.Normalize;

/// <content>
/// Stages the bytes of values. With content by reference, a value is staged only after it has proven small, so the size
/// of a record does not depend on the size of its result.
/// </content>
internal sealed partial class ResultScanner
{
    // The largest value that is copied with content by reference, bytes of JSON.
    private const int MaxReferencedBytes = 4 * 1024;

    private bool _omitsParsed;

    private SpillBuffer NewBuffer() => new(options.SpillAt, options.SpillFolder, staging);

    private void StartStaging()
    {
        // Some results echo the request, including the callback URL with its token. The record has the input already.
        // Names that begin with 'pipeline.' are reserved for our own notes.
        if (_field == ResultField.Unknown
            && (IsRequest(_name) || _name.StartsWith("pipeline.", StringComparison.Ordinal)))
            return;
        if (ByReference && _place is FieldPlace.Text or FieldPlace.Bulk)
            Omit();
        else if (ByReference || _field == ResultField.Redirects)
            StartCapture();
        else
            _target = OpenPlace();
    }

    private static bool IsRequest(string name) => name is "input" or "_query" or "callback_url" or "task"
        or "metadata.input" or "metadata._query" or "metadata.callback_url";

    /// <summary>Returns the buffer for the field's place, after writing the field's name into it.</summary>
    private SpillBuffer OpenPlace() => _place switch
    {
        FieldPlace.Parsed => _result.Parsed = NewBuffer(),
        FieldPlace.Text or FieldPlace.Bulk => StartMember(_result.Content ??= NewBuffer(), NameBytes),
        FieldPlace.Member => StartMember(_result.Lists ??= NewBuffer(), NameBytes),
        _ => StartMember(
            _result.Extra ??= NewBuffer(),
            JsonEncodedText.Encode(ExtraName, MinimalJsonEncoder.Instance).EncodedUtf8Bytes),
    };

    /// <summary>Leaves the field out of the record and lists it in <c>omitted</c>.</summary>
    private void Omit()
    {
        (_result.Omitted ??= []).Add(_place switch
        {
            FieldPlace.Parsed => "parsed",
            FieldPlace.Text or FieldPlace.Bulk or FieldPlace.Member => Encoding.UTF8.GetString(NameBytes),
            _ => ExtraName,
        });
        _omitsParsed |= _place == FieldPlace.Parsed;
        _target = null;
    }

    private ReadOnlySpan<byte> NameBytes => ResultFields.NameOf(_field);

    private string ExtraName => _field == ResultField.Unknown ? _name : NameOf(_field);

    private static SpillBuffer StartMember(SpillBuffer target, ReadOnlySpan<byte> encodedName)
    {
        target.Append(target.Length > 0 ? ",\""u8 : "\""u8);
        target.Append(encodedName);
        target.Append("\":"u8);
        return target;
    }
}
