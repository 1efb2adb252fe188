using System.Runtime.CompilerServices;

namespace Pipeline.Intake;

/// <summary>A line without its end, and without byte order marks at its start.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Bytes">Valid until the next line is read; only the beginning of a line that is too long.</param>
/// <param name="IsTooLong">Longer than the limit.</param>
internal readonly record struct Line(long Number, ReadOnlyMemory<byte> Bytes, bool IsTooLong);

/// <summary>Cuts a list into lines at CR, LF and CRLF; the last one may lack its end.</summary>
internal sealed class LineReader(ByteWindow window, int maxLineBytes)
{
    private const int KeptOfTooLong = 4096;

    private long _number;

    /// <summary>The lines, blank ones included.</summary>
    public async IAsyncEnumerable<Line> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            if (searched == 0)
                await window.SkipMarksAsync(cancellationToken);
            var end = LineEnds.IndexOf(window.Span[searched..]);
            if (end >= 0)
            {
                yield return Cut(searched + end);
                window.Advance(searched + end);
                await window.TakeLineEndAsync(cancellationToken);
                searched = 0;
                continue;
            }
            searched = window.Length;
            if (searched > maxLineBytes)
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
        var isTooLong = length > maxLineBytes;
        return new(++_number, window.Memory[..(isTooLong ? Math.Min(KeptOfTooLong, length) : length)], isTooLong);
    }

    private async ValueTask<Line> SkipAsync(CancellationToken cancellationToken)
    {
        var begin = window.Memory[..Math.Min(KeptOfTooLong, window.Length)].ToArray();
        await window.SkipLineAsync(cancellationToken);
        return new(++_number, begin, true);
    }
}
