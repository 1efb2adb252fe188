using System.Runtime.CompilerServices;

namespace Pipeline.Intake.Reading;

/// <summary>A line without its line end and without leading byte order marks.</summary>
/// <param name="Number">Line number, from 1.</param>
/// <param name="Bytes">The line; only its first 4 KiB if it is too long. Valid until the next line is read.</param>
/// <param name="IsTooLong">Whether the line is longer than the limit.</param>
internal readonly record struct Line(long Number, ReadOnlyMemory<byte> Bytes, bool IsTooLong);

/// <summary>Splits a list into lines at CR, LF and CRLF. The last line may have no line end.</summary>
internal sealed class LineReader(ByteWindow window, int maxLineBytes)
{
    private const int KeptOfTooLong = 4096;

    private long _number;

    /// <summary>Reads all lines, including blank ones.</summary>
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
