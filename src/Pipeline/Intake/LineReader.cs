namespace Pipeline.Intake;

/// <summary>A line without its end.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Bytes">Valid until the next line is read; only the beginning of a line that is too long.</param>
/// <param name="IsTooLong">Longer than the limit.</param>
internal readonly record struct Line(long Number, ReadOnlyMemory<byte> Bytes, bool IsTooLong);

/// <summary>Cuts a list into lines: LF or CRLF, the last one with or without.</summary>
internal sealed class LineReader(ByteWindow window, int maxLineBytes)
{
    private const int KeptOfTooLong = 4096;

    private long _number;

    /// <summary>The lines, blank ones included.</summary>
    public async IAsyncEnumerable<Line> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            var end = window.Span[searched..].IndexOf((byte)'\n');
            if (end >= 0)
            {
                yield return Cut(searched + end);
                window.Advance(searched + end + 1);
                searched = 0;
                continue;
            }
            searched = window.Length;
            if (searched > maxLineBytes + 1)
            {
                yield return await SkipAsync(cancellationToken);
                searched = 0;
            }
            else if (!await window.FillAsync(cancellationToken))
            {
                break;
            }
        }
        if (window.Length > 0)
        {
            yield return Cut(window.Length);
            window.Advance(window.Length);
        }
    }

    private Line Cut(int length)
    {
        var bytes = window.Memory[..length];
        if (length > 0 && bytes.Span[^1] == (byte)'\r')
            bytes = bytes[..^1];
        _number++;
        return bytes.Length > maxLineBytes ? new(_number, bytes[..Math.Min(KeptOfTooLong, bytes.Length)], true) : new(_number, bytes, false);
    }

    private async ValueTask<Line> SkipAsync(CancellationToken cancellationToken)
    {
        _number++;
        var line = new Line(_number, window.Memory[..Math.Min(KeptOfTooLong, window.Length)].ToArray(), true);
        while (true)
        {
            var end = window.Span.IndexOf((byte)'\n');
            window.Advance(end < 0 ? window.Length : end + 1);
            if (end >= 0 || !await window.FillAsync(cancellationToken))
                return line;
        }
    }
}
