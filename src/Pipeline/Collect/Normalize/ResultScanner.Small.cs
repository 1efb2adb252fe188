using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Collect.Json;
using Pipeline.Model;

namespace Pipeline.Collect.Normalize;

/// <content>
/// Values that are captured whole before they are used: small fields, accepted as text or as number, and, with content
/// by reference, every value that may be copied only if it is small.
/// </content>
internal sealed partial class ResultScanner
{
    private const int MaxCapturedBytes = 16 * 1024;

    // Texts that are the same in most documents; reusing the string saves an allocation.
    private readonly LastText _status = new(), _driver = new(), _country = new(), _locale = new();
    private byte[] _captured = new byte[256];
    private int _capturedBytes;
    private bool _captures;
    private JsonKind _kind;

    private int CaptureLimit => ByReference ? MaxReferencedBytes : MaxCapturedBytes;

    private void StartCapture() => (_captures, _capturedBytes) = (true, 0);

    private void Capture(ReadOnlySpan<byte> raw)
    {
        if (_capturedBytes + raw.Length > CaptureLimit)
        {
            EndCaptureLarge(raw);
            return;
        }
        if (_capturedBytes + raw.Length > _captured.Length)
            Array.Resize(ref _captured, Math.Max(_capturedBytes + raw.Length, 2 * _captured.Length));
        raw.CopyTo(_captured.AsSpan(_capturedBytes));
        _capturedBytes += raw.Length;
    }

    /// <summary>Ends a capture that grew too large: the value is omitted, or staged like any other value.</summary>
    private void EndCaptureLarge(ReadOnlySpan<byte> raw)
    {
        _captures = false;
        if (_field == ResultField.Data)
            throw DataIsNotAnObject();
        if (ByReference)
        {
            Omit();
            return;
        }
        if (_place == FieldPlace.Small)
            _place = FieldPlace.Extra;
        _target = OpenPlace();
        _target.Append(_captured.AsSpan(0, _capturedBytes));
        _target.Append(raw);
    }

    private void EndCapture()
    {
        _captures = false;
        var raw = _captured.AsSpan(0, _capturedBytes);
        if (_field == ResultField.Data)
        {
            // An empty list or text means the same as an empty object.
            if (!raw.SequenceEqual("[]"u8) && !raw.SequenceEqual("\"\""u8))
                throw DataIsNotAnObject();
            return;
        }
        if (_field == ResultField.Redirects)
            _result.Redirects = Encoding.UTF8.GetString(raw);
        if (_place == FieldPlace.Small && TrySet(raw))
            return;
        if (_place == FieldPlace.Small)
            _place = FieldPlace.Extra;
        OpenPlace().Append(raw);
    }

    private PipelineException DataIsNotAnObject() =>
        Invalid($"has the field 'data' of type {_kind} where Object is expected");

    /// <summary>Sets the field's property; false if the value is not valid for the field.</summary>
    private bool TrySet(ReadOnlySpan<byte> raw)
    {
        var text = _kind == JsonKind.String ? Unquote(raw) : raw;
        switch (_field)
        {
            case ResultField.StatusCode:
                _result.StatusCode = (int?)ReadNumber(text, int.MinValue, int.MaxValue);
                return _result.StatusCode is not null;
            case ResultField.QueryDuration:
                _result.DurationMs = ReadNumber(text, long.MinValue, long.MaxValue);
                return _result.DurationMs is not null;
        }
        _ = _field switch
        {
            ResultField.Status => _result.Status = _status.Get(text),
            ResultField.Driver => _result.Driver = _driver.Get(text),
            ResultField.Country => _result.Country = _country.Get(text),
            ResultField.Locale => _result.Locale = _locale.Get(text),
            ResultField.Url => _result.Url = Encoding.UTF8.GetString(text),
            ResultField.TaskId => _result.TaskId = Encoding.UTF8.GetString(text),
            ResultField.QueryTime => _result.QueryTime = Encoding.UTF8.GetString(text),
            ResultField.Tag => _result.Tag = Encoding.UTF8.GetString(text),
            _ => throw new InvalidOperationException($"The field {_field} has no property."),
        };
        return true;
    }

    private static ReadOnlySpan<byte> Unquote(ReadOnlySpan<byte> raw)
    {
        if (!raw.Contains((byte)'\\'))
            return raw[1..^1];
        var reader = new Utf8JsonReader(raw);
        reader.Read();
        return Encoding.UTF8.GetBytes(reader.GetString()!);
    }

    /// <summary>Parses a number and rounds it to an integer; null if it is not a number or is out of range.</summary>
    private static long? ReadNumber(ReadOnlySpan<byte> text, long min, long max)
    {
        if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            return null;
        var whole = decimal.Round(number);
        return whole >= min && whole <= max ? (long)whole : null;
    }

    /// <summary>Reuses the last document's text if this one has the same.</summary>
    private sealed class LastText
    {
        private string _text = "";

        public string Get(ReadOnlySpan<byte> utf8) =>
            Ascii.Equals(utf8, _text) ? _text : _text = Encoding.UTF8.GetString(utf8);
    }
}
