namespace Pipeline.Intake;

/// <summary>The lines at the beginning of a list, without blank ones, comments and byte order marks.</summary>
/// <param name="head">The beginning.</param>
/// <param name="isWhole">Whether that is all of the list; else the last line may be cut and is left out.</param>
internal ref struct ContentLines(ReadOnlySpan<byte> head, bool isWhole)
{
    private static readonly byte[] Mark = [0xEF, 0xBB, 0xBF];

    private ReadOnlySpan<byte> _rest = head;

    /// <summary>The line, trimmed.</summary>
    public ReadOnlySpan<byte> Line { get; private set; }

    /// <summary>Its number in the list, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>Goes on to the next line; false at the end.</summary>
    public bool MoveNext()
    {
        while (_rest.Length > 0)
        {
            var end = LineEnds.IndexOf(_rest);
            if (end < 0 && !isWhole)
                return false;
            Line = (end < 0 ? _rest : _rest[..end]).TrimStart(Mark).Trim(" \t"u8);
            _rest = end < 0 ? default : _rest[(end + LineEnds.LengthAt(_rest[end..]))..];
            Number++;
            if (Line.Length > 0 && Line[0] != (byte)'#')
                return true;
        }
        return false;
    }
}
