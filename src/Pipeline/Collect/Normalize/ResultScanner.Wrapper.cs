using Pipeline.Collect.Json;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Staging;

namespace Pipeline.Collect.Normalize;

/// <content>
/// Unwraps a result inside a list of one, or inside <c>{"results":[...]}</c>. Only the end of the document shows
/// whether a list is a wrapper, so the list is staged and its content scanned afterwards.
/// </content>
internal sealed partial class ResultScanner
{
    private const uint OwnFields =
        1u << (int)ResultField.Url | 1u << (int)ResultField.TaskId | 1u << (int)ResultField.Data;

    private SpillBuffer? _wrapper;
    private bool _isUnwrapped;
    private bool _isList;

    private bool StartWrapper(JsonKind kind)
    {
        if (_field == ResultField.Document && kind == JsonKind.Object)
        {
            (_parent, _isList) = (ResultField.Root, false);
            return true;
        }
        if (_field == ResultField.Document && (kind != JsonKind.Array || _isUnwrapped))
            throw Invalid("is not a JSON object");
        _isList = _field == ResultField.Document;
        _place = FieldPlace.Extra;
        if (!_isList && (kind != JsonKind.Array || _isUnwrapped || (_seen & OwnFields) != 0))
            StartStaging();
        else
            _target = _wrapper = NewBuffer();
        return false;
    }

    /// <summary>
    /// Replaces the document by the result in its wrapper, unless it has fields of a result of its own.
    /// </summary>
    private void Unwrap()
    {
        if (_wrapper is not { } list)
            return;
        _wrapper = null;
        using (list)
        {
            if (_isList || (_seen & OwnFields) == 0)
                ScanInner(list);
            else
                KeepAsExtra(list);
        }
    }

    private void ScanInner(SpillBuffer list)
    {
        var lone = LoneSurrogates;
        _result.Dispose();
        base.Start();
        StartDocument();
        _isUnwrapped = true;
        using var inner = new InnerStream(this, list.Length);
        try
        {
            list.CopyTo(inner);
        }
        catch (PipelineException) when (IsComplete)
        {
            throw Invalid("holds several results; one is expected");
        }
        if (!IsComplete)
            throw Invalid(list.Length > 2 ? "is not a JSON object" : "holds no result");
        LoneSurrogates = lone;
    }

    private void KeepAsExtra(SpillBuffer list)
    {
        (_field, _place) = (ResultField.Results, FieldPlace.Extra);
        if (ByReference && list.Length > MaxReferencedBytes)
        {
            Omit();
            return;
        }
        using var extra = new AppendStream(OpenPlace());
        list.CopyTo(extra);
    }

    /// <summary>Scans what is written to it, without the list's brackets.</summary>
    private sealed class InnerStream(ResultScanner scanner, long length) : WriteStream
    {
        private long _at;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            var from = _at == 0 ? 1 : 0;
            var to = _at + buffer.Length == length ? buffer.Length - 1 : buffer.Length;
            _at += buffer.Length;
            if (from < to)
                scanner.Scan(buffer[from..to]);
        }
    }

    private sealed class AppendStream(SpillBuffer target) : WriteStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => target.Append(buffer);
    }
}
