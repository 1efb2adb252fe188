using Pipeline.Notation;

namespace Pipeline.Intake.Reading;

/// <summary>Enumerates the first lines of a list. Skips blank lines, comments and byte order marks.</summary>
/// <param name="head">The first bytes of the list.</param>
/// <param name="isWhole">True if this is the whole list. Otherwise the last line may be cut off and is skipped.</param>
internal ref struct ContentLines(ReadOnlySpan<byte> head, bool isWhole)
{

    private ReadOnlySpan<byte> _rest = head;

    /// <summary>The current line, trimmed.</summary>
    public ReadOnlySpan<byte> Line { get; private set; }

    /// <summary>The number of the current line in the list, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>Moves to the next line. Returns false at the end.</summary>
    public bool MoveNext()
    {
        while (_rest.Length > 0)
        {
            var end = LineEnds.IndexOf(_rest);
            if (end < 0 && !isWhole)
                return false;
            Line = (end < 0 ? _rest : _rest[..end]).TrimStart(ByteOrderMark.Utf8).Trim(" \t"u8);
            _rest = end < 0 ? default : _rest[(end + LineEnds.LengthAt(_rest[end..]))..];
            Number++;
            if (Line.Length > 0 && Line[0] != (byte)'#')
                return true;
        }
        return false;
    }
}
