using System.Buffers;

namespace Pipeline.Intake.Reading.Json;

/// <summary>
/// Cuts a JSON document of any length into the values of its outer levels. It only balances brackets and quotes; the
/// caller parses each value. Unlike <see cref="System.Text.Json.Utf8JsonReader"/>, it can skip a string that is longer
/// than its buffer.
/// </summary>
internal sealed class ListJsonScanner(ByteWindow window, int maxValueBytes)
{
    private const int KeptOfTooLong = 4096;

    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);
    private static readonly SearchValues<byte> ScalarEnd = SearchValues.Create(",]}: \t\r\n"u8);

    private int _depth;
    private bool _inString;
    private bool _escaped;
    private bool _afterReturn;

    /// <summary>The line of the next byte, from 1.</summary>
    public long Line { get; private set; } = 1;

    /// <summary>The column of the next byte, in bytes, from 1.</summary>
    public long Column { get; private set; } = 1;

    /// <summary>Returns the next byte that is not white space, without consuming it; -1 at the end.</summary>
    public async ValueTask<int> PeekAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var blank = window.Span.IndexOfAnyExcept(" \t\r\n"u8);
            if (blank >= 0)
            {
                Take(blank);
                return window.Span[0];
            }
            Take(window.Length);
            if (!await window.FillAsync(cancellationToken))
                return -1;
        }
    }

    /// <summary>Consumes bytes and updates line and column.</summary>
    public void Take(int count)
    {
        var taken = window.Span[..count];
        // CR and LF of one line end may be consumed in two calls; they count as one line.
        var lines = LineEnds.Count(taken) - (_afterReturn && taken.StartsWith("\n"u8) ? 1 : 0);
        var end = taken.LastIndexOfAny((byte)'\r', (byte)'\n');
        Line += lines;
        Column = end < 0 ? Column + count : count - end;
        _afterReturn = count > 0 ? taken[^1] == (byte)'\r' : _afterReturn;
        window.Advance(count);
    }

    /// <summary>
    /// Finds the end of the value that starts at the next byte. The returned bytes stay in the window until the caller
    /// consumes them. A value that is too long is consumed here, and only its first 4 KiB are returned.
    /// </summary>
    public async ValueTask<(ReadOnlyMemory<byte> Bytes, bool IsTooLong)> ReadValueAsync(
        CancellationToken cancellationToken)
    {
        (_depth, _inString, _escaped) = (0, false, false);
        ReadOnlyMemory<byte>? kept = null;
        var (line, column) = (Line, Column);
        var scanned = 0;
        while (true)
        {
            var length = FindEnd(window.Span, ref scanned);
            if (length >= 0)
            {
                if (kept is null && length <= maxValueBytes)
                    return (window.Memory[..length], false);
                kept ??= window.Memory[..Math.Min(KeptOfTooLong, length)].ToArray();
                Take(length);
                return (kept.Value, true);
            }
            if (window.Length > maxValueBytes)
            {
                kept ??= window.Memory[..Math.Min(KeptOfTooLong, window.Length)].ToArray();
                Take(window.Length);
                scanned = 0;
            }
            if (!await window.FillAsync(cancellationToken))
                throw JsonProblems.Malformed(
                    line,
                    column,
                    "the value that starts here has no end; the list may be truncated");
        }
    }

    /// <summary>
    /// Returns the length of the value once the span holds all of it, otherwise -1. The next call continues at
    /// <paramref name="at"/>.
    /// </summary>
    private int FindEnd(ReadOnlySpan<byte> bytes, ref int at)
    {
        while (at < bytes.Length)
        {
            if (_inString)
            {
                if (!SkipString(bytes, ref at))
                    return -1;
                if (_depth == 0)
                    return at;
                continue;
            }
            if (_depth == 0 && bytes[at] is not ((byte)'"' or (byte)'{' or (byte)'['))
            {
                var end = bytes[at..].IndexOfAny(ScalarEnd);
                at = end < 0 ? bytes.Length : at + end;
                return end < 0 ? -1 : at;
            }
            var next = bytes[at..].IndexOfAny(Structure);
            if (next < 0)
            {
                at = bytes.Length;
                return -1;
            }
            at += next + 1;
            switch (bytes[at - 1])
            {
                case (byte)'"':
                    _inString = true;
                    break;
                case (byte)'{' or (byte)'[':
                    _depth++;
                    break;
                default:
                    if (--_depth == 0)
                        return at;
                    break;
            }
        }
        return -1;
    }

    // Returns true once the closing quote is passed.
    private bool SkipString(ReadOnlySpan<byte> bytes, ref int at)
    {
        while (at < bytes.Length)
        {
            if (_escaped)
            {
                _escaped = false;
                at++;
                continue;
            }
            var next = bytes[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (next < 0)
                break;
            at += next + 1;
            if (bytes[at - 1] == (byte)'"')
            {
                _inString = false;
                return true;
            }
            _escaped = true;
        }
        at = bytes.Length;
        return false;
    }
}
