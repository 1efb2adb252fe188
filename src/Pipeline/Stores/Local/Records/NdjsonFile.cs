using Pipeline.Model;

namespace Pipeline.Stores.Local.Records;

/// <summary>How the content of an output file relates to the state.</summary>
internal enum FileCondition
{
    /// <summary>Up to the committed length, the content is exactly that of the state.</summary>
    Current,

    /// <summary>As <see cref="Current"/>, but some lines are outdated.</summary>
    Outdated,

    /// <summary>A rewrite was started. The file has the old or the new content and must be rewritten.</summary>
    Rewriting,
}

/// <summary>
/// An output file whose committed length is in the state. Appends write after that length and increase it when their
/// transaction commits. So bytes that a crash leaves after it are not part of the file, and the next append by any
/// process removes them. Used only by the writer.
/// </summary>
#pragma warning disable CA1001 // The stream is closed at the end of each batch.
internal sealed class NdjsonFile(string path)
#pragma warning restore CA1001
{
    // Every batch allocates a buffer, so it is smaller than a large object.
    private const int BufferBytes = 64 * 1024;

    private FileStream? _stream;
    private long _committed;
    private long _end;

    public string Path => path;

    /// <summary>Runs before the file is opened for appends, in their transaction.</summary>
    public Action<SqlSession>? BeforeOpen { get; init; }

    private string Name { get; } = System.IO.Path.GetFileName(path);

    /// <summary>Registers the file in the state, as empty.</summary>
    public void Create(SqlSession session)
    {
        session.Execute("INSERT INTO sink_file(name, length, state) VALUES($1, 0, 0)", Name);
    }

    public FileCondition Condition(SqlSession session) =>
        (FileCondition)(long)session.Scalar("SELECT state FROM sink_file WHERE name=$1", Name)!;

    public void Mark(SqlSession session, FileCondition condition) =>
        session.Execute("UPDATE sink_file SET state=$2 WHERE name=$1", Name, (int)condition);

    /// <summary>Appends one line. Returns its offset.</summary>
    public long Append(SqlSession session, Action<Stream> write)
    {
        var stream = Open(session);
        var start = _end;
        try
        {
            write(stream);
            stream.WriteByte((byte)'\n');
            // A line that fits in the buffer is written at once, so readers that follow the file rarely see half a
            // line.
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

    /// <summary>Removes the bytes that a crash left after the committed length.</summary>
    /// <returns>The number of removed bytes.</returns>
    /// <exception cref="PipelineException">
    /// Store fault that stops the host: the file is missing or truncated.
    /// </exception>
    public long TruncateToCommitted(SqlSession session)
    {
        var before = File.Exists(path) ? new FileInfo(path).Length : 0;
        Open(session);
        return before - _end;
    }

    /// <summary>Replaces the file's content.</summary>
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

    /// <summary>Whether the file is shorter than its committed length: it was moved, removed or truncated.</summary>
    public bool IsShort(SqlSession session) =>
        (File.Exists(path) ? new FileInfo(path).Length : 0) < CommittedLength(session);

    // Every batch opens the file again, because another process may have replaced it.
    private FileStream Open(SqlSession session)
    {
        if (_stream is not null)
            return _stream;
        BeforeOpen?.Invoke(session);
        _committed = _end = CommittedLength(session);
        _stream = OpenFile();
        session.Enlist(commit => Close(session, commit));
        var length = _stream.Length;
        if (length < _end)
            throw PipelineException.StoreStops(
                FailureReasons.Unavailable,
                $"'{path}' has {length} bytes, but {_end} were written: it was changed or removed. "
                + "Put it back, or start over with another state and output folder.");
        if (length > _end)
            _stream.SetLength(_end);
        _stream.Position = _end;
        return _stream;
    }

    // Creates a missing file only if nothing was written to it yet: an empty file would hide that the old one is
    // missing.
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

    // The bytes are flushed before the commit that counts them. Otherwise a power loss could leave a count without
    // bytes.
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
            else
            {
                // A reader that follows the file must not see lines that do not count.
                Cut(stream, _committed);
            }
            stream.Dispose();
        }
        catch (IOException error) when (commit)
        {
            throw LocalErrors.Translate(error, path);
        }
        catch (IOException)
        {
            // The bytes that could not be written do not count.
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
            // The disk may refuse this too. The next append removes the bytes.
        }
    }

    private long CommittedLength(SqlSession session) =>
        (long)session.Scalar("SELECT length FROM sink_file WHERE name=$1", Name)!;

    private void SetLength(SqlSession session, long length) =>
        session.Execute("UPDATE sink_file SET length=$2 WHERE name=$1", Name, length);
}
