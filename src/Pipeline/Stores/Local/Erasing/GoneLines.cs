namespace Pipeline.Stores.Local.Erasing;

/// <summary>The ranges of a list's lines in <c>records.ndjson</c>; adjacent lines are one range.</summary>
internal sealed class GoneLines
{
    private readonly List<(long Start, long End, long GoneBefore)> _ranges = [];

    private GoneLines(string listId) => ListId = listId;

    public string ListId { get; }

    /// <summary>Number of ranges.</summary>
    public int Count => _ranges.Count;

    /// <summary>Number of lines.</summary>
    public int Lines { get; private set; }

    /// <summary>Number of bytes, line feeds included.</summary>
    public long Bytes { get; private set; }

    /// <summary>Reads the places from the state.</summary>
    public static GoneLines Of(SqlSession session, string listId)
    {
        var gone = new GoneLines(listId);
        using var rows = session.Query(
            "SELECT offset, length+1 FROM record WHERE list_id=$1 ORDER BY offset", listId);
        while (rows.Read())
            gone.Add(rows.GetInt64(0), rows.GetInt64(0) + rows.GetInt64(1));
        return gone;
    }

    /// <summary>The ranges between them, up to the length of the file.</summary>
    public IEnumerable<(long Start, long End)> Others(long length)
    {
        var position = 0L;
        foreach (var (start, end, _) in _ranges)
        {
            if (start > position)
                yield return (position, start);
            position = end;
        }
        if (length > position)
            yield return (position, length);
    }

    /// <summary>Number of removed bytes before a position.</summary>
    public long BytesBefore(long place)
    {
        var next = _ranges.FindIndex(range => range.Start >= place);
        return next < 0 ? Bytes : _ranges[next].GoneBefore;
    }

    /// <summary>Moves the positions of all other lines.</summary>
    public void MoveRows(SqlSession session)
    {
        session.Script("CREATE TEMP TABLE gone(start INTEGER PRIMARY KEY, total INTEGER NOT NULL)");
        foreach (var (start, end, before) in _ranges)
            session.Execute("INSERT INTO gone(start, total) VALUES($1, $2)", start, before + end - start);
        session.Execute(
            "UPDATE record SET offset=offset-(SELECT total FROM gone WHERE start<record.offset "
                + "ORDER BY start DESC LIMIT 1) WHERE offset>$1 AND list_id<>$2",
            _ranges[0].Start, ListId);
        session.Script("DROP TABLE gone");
    }

    private void Add(long start, long end)
    {
        if (_ranges is [.., var last] && last.End == start)
            _ranges[^1] = last with { End = end };
        else
            _ranges.Add((start, end, Bytes));
        Lines++;
        Bytes += end - start;
    }
}
