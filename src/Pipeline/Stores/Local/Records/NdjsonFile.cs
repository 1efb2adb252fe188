using Pipeline.Model;

namespace Pipeline.Stores.Local.Records;

/// <summary>What the bytes of an output file are worth.</summary>
internal enum FileCondition
{
    /// <summary>Up to the committed length they are exactly what the state holds.</summary>
    Current,

    /// <summary>The same, but some lines are outdated.</summary>
    Outdated,

    /// <summary>It was about to be written anew: either the old or the new bytes. To be written again.</summary>
    Rewriting,
}

/// <summary>
/// An output file whose committed length is kept in the state. Appends write behind that length, and raise it when their transaction commits, so whatever
/// a crash left behind it is not part of the file, and the next append, of whichever process, cuts it off. Used on the writer's thread only.
/// </summary>
#pragma warning disable CA1001 // The stream never outlives a batch.
internal sealed class NdjsonFile(string path)
#pragma warning restore CA1001
{
    // Below the size from which arrays count as large objects: one is made in every batch.
    private const int BufferBytes = 64 * 1024;

    private FileStream? _stream;
    private long _end;

    public string Path => path;

    private string Name { get; } = System.IO.Path.GetFileName(path);

    /// <summary>Makes the file known to the state, empty.</summary>
    public void Create(SqlSession session)
    {
        session.Execute("INSERT INTO sink_file(name, length, state) VALUES($1, 0, 0)", Name);
    }

    public FileCondition Condition(SqlSession session) => (FileCondition)(long)session.Scalar("SELECT state FROM sink_file WHERE name=$1", Name)!;

    public void Mark(SqlSession session, FileCondition condition) => session.Execute("UPDATE sink_file SET state=$2 WHERE name=$1", Name, (int)condition);

    /// <summary>Appends one line; returns where it starts.</summary>
    public long Append(SqlSession session, Action<Stream> write)
    {
        var stream = Open(session);
        var start = _end;
        try
        {
            write(stream);
            stream.WriteByte((byte)'\n');
            // A line leaves in one piece where it fits the buffer, so that whoever follows the file rarely sees half of one.
            stream.Flush();
        }
        catch (Exception error)
        {
            Cut(stream, start);
            if (error is IOException)
                throw LocalErrors.Translate(error, path);
            throw;
        }
        _end = stream.Position;
        return start;
    }

    /// <summary>Cuts off what a crash left behind the committed length.</summary>
    /// <returns>How many bytes that were.</returns>
    /// <exception cref="PipelineException">A store fault that stops the host: the file is gone or lost bytes.</exception>
    public long CutTornTail(SqlSession session)
    {
        var before = File.Exists(path) ? new FileInfo(path).Length : 0;
        Open(session);
        return before - _end;
    }

    /// <summary>Replaces the file with what is written.</summary>
    public void Rewrite(SqlSession session, Action<Stream> write)
    {
        Close(session, commit: false);
        try
        {
            using var file = new AtomicFile(path);
            write(file.Stream);
            SetLength(session, file.Stream.Position);
            Mark(session, FileCondition.Current);
            file.Commit();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw LocalErrors.Translate(error, path);
        }
    }

    /// <summary>Whether the file is not as long as what was committed: somebody moved, removed or cut it.</summary>
    public bool IsShort(SqlSession session) =>
        (File.Exists(path) ? new FileInfo(path).Length : 0) < CommittedLength(session);

    // The file is opened anew in every batch: another process may have replaced it.
    private FileStream Open(SqlSession session)
    {
        if (_stream is not null)
            return _stream;
        _end = CommittedLength(session);
        _stream = OpenFile();
        session.Enlist(commit => Close(session, commit));
        var length = _stream.Length;
        if (length < _end)
            throw PipelineException.StoreStops(
                FailureReasons.Unavailable,
                $"'{path}' has {length} bytes, but {_end} were written: something has changed or removed it. "
                + "Put it back, or start anew with another state and output folder.");
        if (length > _end)
            _stream.SetLength(_end);
        _stream.Position = _end;
        return _stream;
    }

    // A missing file is made only while nothing was written to it: an empty one in its place would hide that it is gone.
    private FileStream OpenFile()
    {
        try
        {
            var mode = _end == 0 ? FileMode.OpenOrCreate : FileMode.Open;
            return new(path, mode, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, BufferBytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw LocalErrors.Translate(error, path);
        }
    }

    // The bytes reach the disk before the commit that counts them, or a loss of power could leave a count without bytes.
    private void Close(SqlSession session, bool commit)
    {
        if (_stream is not { } stream)
            return;
        _stream = null;
        try
        {
            if (commit)
            {
                SetLength(session, _end);
                stream.Flush(flushToDisk: true);
            }
            stream.Dispose();
        }
        catch (IOException error) when (commit)
        {
            throw LocalErrors.Translate(error, path);
        }
        catch (IOException)
        {
            // What could not be written does not count anyway.
        }
    }

    private static void Cut(FileStream stream, long length)
    {
        try
        {
            stream.SetLength(length);
        }
        catch (IOException)
        {
            // The disk that refused the line may refuse this too; the next append cuts it off.
        }
    }

    private long CommittedLength(SqlSession session) =>
        (long)session.Scalar("SELECT length FROM sink_file WHERE name=$1", Name)!;

    private void SetLength(SqlSession session, long length) => session.Execute("UPDATE sink_file SET length=$2 WHERE name=$1", Name, length);
}
