using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Collect.Json;
using Pipeline.Model;

namespace Pipeline.Collect.Normalize;

/// <content>
/// Values that are looked at when they are complete: small fields, read as text or number whichever of the two they
/// are written as, and everything that must prove small to be copied.
/// </content>
internal sealed partial class ResultScanner
{
    private const int MaxCapturedBytes = 16 * 1024;

    // Texts that are the same in most documents.
    private readonly LastText _status = new(), _driver = new(), _country = new(), _locale = new();
    private byte[] _captured = new byte[256];
    private int _capturedBytes;
    private bool _captures;
    private JsonKind _kind;

    private int MostCaptured => ByReference ? MaxReferencedBytes : MaxCapturedBytes;

    private void StartCapture() => (_captures, _capturedBytes) = (true, 0);

    private void Capture(ReadOnlySpan<byte> raw)
    {
        if (_capturedBytes + raw.Length > MostCaptured)
        {
            EndCaptureLarge(raw);
            return;
        }
        if (_capturedBytes + raw.Length > _captured.Length)
            Array.Resize(ref _captured, Math.Max(_capturedBytes + raw.Length, 2 * _captured.Length));
        raw.CopyTo(_captured.AsSpan(_capturedBytes));
        _capturedBytes += raw.Length;
    }

    /// <summary>It is not small: what was taken of it goes on as any other value.</summary>
    private void EndCaptureLarge(ReadOnlySpan<byte> raw)
    {
        _captures = false;
        if (_field == ResultField.Data)
            throw DataIsNoObject();
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
            // Empty is empty, however it is written.
            if (!raw.SequenceEqual("[]"u8) && !raw.SequenceEqual("\"\""u8))
                throw DataIsNoObject();
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

    private PipelineException DataIsNoObject() => Invalid($"has the field 'data' of type {_kind} where Object is expected");

    /// <summary>False for what the field cannot mean.</summary>
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
            _ => throw new InvalidOperationException($"Nothing takes the field {_field}."),
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

    /// <summary>A whole number; fractions of it (milliseconds) are rounded. Null for what is none, or out of range.</summary>
    private static long? ReadNumber(ReadOnlySpan<byte> text, long min, long max)
    {
        if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            return null;
        var whole = decimal.Round(number);
        return whole >= min && whole <= max ? (long)whole : null;
    }

    /// <summary>Keeps a text from one document for the next, which mostly has the same.</summary>
    private sealed class LastText
    {
        private string _text = "";

        public string Get(ReadOnlySpan<byte> utf8) => Ascii.Equals(utf8, _text) ? _text : _text = Encoding.UTF8.GetString(utf8);
    }
}
