namespace Pipeline.Stores.Local.Records;

/// <summary>
/// <c>failures.ndjson</c>: the table of failures, one line each. New failures are appended. A failure rarely changes or
/// is replaced by a record; its old line then stays until the next manifest, when the file is rewritten. Used only by
/// the writer.
/// </summary>
internal sealed class FailuresFile(string path)
{
    private readonly NdjsonFile _file = new(path);

    public string Path => path;

    public void Create(SqlSession session) => _file.Create(session);

    /// <summary>Puts a failure unless its id has a record. The newest failure of an id stays.</summary>
    public void Put(SqlSession session, string id, byte[] json)
    {
        Repair(session);
        if (session.Scalar("SELECT 1 FROM record WHERE id=$1", id) is not null)
            return;
        var known = (byte[]?)session.Scalar("SELECT json FROM failure WHERE id=$1", id);
        if (known is null)
        {
            session.Execute("INSERT INTO failure(id, json) VALUES($1, $2)", id, json);
            Append(session, json);
        }
        else if (!known.AsSpan().SequenceEqual(json))
        {
            session.Execute("UPDATE failure SET json=$2 WHERE id=$1", id, json);
            _file.Mark(session, FileCondition.Outdated);
        }
    }

    /// <summary>Removes the failure of an id that now has a record.</summary>
    public void Remove(SqlSession session, string id)
    {
        if (session.Execute("DELETE FROM failure WHERE id=$1", id) > 0
            && _file.Condition(session) == FileCondition.Current)
            _file.Mark(session, FileCondition.Outdated);
    }

    /// <summary>
    /// Marks an outdated file for rewriting. The mark must be committed before <see cref="Repair"/>, so that a crash
    /// between rename and commit is detected.
    /// </summary>
    public void PrepareRewrite(SqlSession session)
    {
        if (_file.Condition(session) == FileCondition.Outdated || _file.IsShort(session))
            _file.Mark(session, FileCondition.Rewriting);
        else if (_file.Condition(session) == FileCondition.Current)
            _file.TruncateToCommitted(session);
    }

    /// <summary>Rewrites the file if it is marked.</summary>
    public void Repair(SqlSession session)
    {
        if (_file.Condition(session) == FileCondition.Rewriting)
            _file.Rewrite(session, stream => WriteAll(session, stream));
    }

    // A missing file loses nothing: the table has all failures, and the next manifest rewrites the file.
    private void Append(SqlSession session, byte[] json)
    {
        if (_file.IsShort(session))
            _file.Mark(session, FileCondition.Outdated);
        else
            _file.Append(session, stream => stream.Write(json));
    }

    private static void WriteAll(SqlSession session, Stream stream)
    {
        using var rows = session.Query("SELECT json FROM failure ORDER BY sequence");
        while (rows.Read())
        {
            stream.Write(rows.GetBytes(0));
            stream.WriteByte((byte)'\n');
        }
    }
}
