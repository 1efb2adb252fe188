namespace Pipeline.Stores.Local.Records;

/// <summary>
/// <c>failures.ndjson</c>: what the table of failures holds, one line each. New failures are appended. One that changes or gives way to a record is rare:
/// its line stays until the next manifest, when the file is written anew. Used on the writer's thread only.
/// </summary>
internal sealed class FailuresFile(string path)
{
    private readonly NdjsonFile _file = new(path);

    public string Path => path;

    public void Create(SqlSession session) => _file.Create(session);

    /// <summary>Puts one failure, unless there is a record of that id. The newest failure of an id stays.</summary>
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

    /// <summary>Removes the failure of an id that has become a record.</summary>
    public void Remove(SqlSession session, string id)
    {
        if (session.Execute("DELETE FROM failure WHERE id=$1", id) > 0 && _file.Condition(session) == FileCondition.Current)
            _file.Mark(session, FileCondition.Outdated);
    }

    /// <summary>Announces that an outdated file will be written anew. Must be committed before <see cref="Repair"/> does it: a crash between the rename and its commit is then known.</summary>
    public void PrepareRewrite(SqlSession session)
    {
        if (_file.Condition(session) == FileCondition.Outdated || _file.IsShort(session))
            _file.Mark(session, FileCondition.Rewriting);
        else if (_file.Condition(session) == FileCondition.Current)
            _file.CutTornTail(session);
    }

    /// <summary>Writes the file anew if that was announced.</summary>
    public void Repair(SqlSession session)
    {
        if (_file.Condition(session) == FileCondition.Rewriting)
            _file.Rewrite(session, stream => WriteAll(session, stream));
    }

    // Nothing is lost when this file is: the table has it all, and the next manifest writes the file anew.
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
            stream.Write(rows.GetFieldValue<byte[]>(0));
            stream.WriteByte((byte)'\n');
        }
    }
}
