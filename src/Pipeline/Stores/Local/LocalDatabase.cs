using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Stores.Local;

/// <summary>
/// The state of one machine: <c>state.db</c>, SQLite in WAL mode. Reads run at once on connections of their own; writes go through one writer. Several
/// processes may have it open; whatever must hold across them is decided inside a transaction, never from memory.
/// </summary>
internal sealed class LocalDatabase : IAsyncDisposable
{
    /// <summary>The file's name in the state's folder.</summary>
    public const string FileName = "state.db";

    private readonly ConcurrentBag<SqlSession> _readers = [];
    private readonly SqlWriter _writer;

    private LocalDatabase(string path, SqlSession session)
    {
        Path = path;
        _writer = new(session, path);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Opens the state in a folder; creates both where they are missing.</summary>
    /// <exception cref="PipelineException">Permanent: the folder cannot be written, or the file is damaged, foreign or of a newer version. Transient: it is locked.</exception>
    public static Task<LocalDatabase> OpenAsync(string folder, CancellationToken cancellationToken) => Task.Run(() => Open(folder), cancellationToken);

    /// <summary>Runs a write in the next transaction.</summary>
    /// <param name="write">Runs on the writer's thread, again where another write of its transaction failed; must not wait for another write.</param>
    /// <param name="durable">Whether it must survive a loss of power, and not only the end of the process.</param>
    /// <param name="cancellationToken">Withdraws it while it waits; once begun it runs to its end.</param>
    public Task<T> WriteAsync<T>(Func<SqlSession, T> write, bool durable, CancellationToken cancellationToken) =>
        _writer.WriteAsync(write, durable, cancellationToken);

    /// <inheritdoc cref="WriteAsync{T}"/>
    public Task WriteAsync(Action<SqlSession> write, bool durable, CancellationToken cancellationToken) =>
        _writer.WriteAsync(
            session =>
            {
                write(session);
                return true;
            },
            durable,
            cancellationToken);

    /// <summary>Runs a short query. It sees every write that has returned.</summary>
    public Task<T> ReadAsync<T>(Func<SqlSession, T> query, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);
        try
        {
            var session = _readers.TryTake(out var idle) ? idle : new(Path, create: false);
            var result = query(session);
            _readers.Add(session);
            return Task.FromResult(result);
        }
        // The session of a failed query is left to the garbage collector: its statements may be in any state.
        catch (Exception error)
        {
            return Task.FromException<T>(LocalErrors.Translate(error, Path));
        }
    }

    /// <summary>Finishes the writes that wait and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_readers.TryTake(out var session))
            session.Dispose();
        await _writer.DisposeAsync();
    }

    private static LocalDatabase Open(string folder)
    {
        var path = System.IO.Path.Combine(System.IO.Path.GetFullPath(folder), FileName);
        SqlSession? session = null;
        try
        {
            Directory.CreateDirectory(folder);
            // SQLite gives its log and its shared memory the mode of the file.
            PrivateFiles.Ensure(path);
            PrivateFiles.Restrict(path + "-wal");
            PrivateFiles.Restrict(path + "-shm");
            session = new(path, create: true);
            LocalSchema.Apply(session, path);
            return new(path, session);
        }
        catch (Exception error)
        {
            session?.Dispose();
            throw CannotOpen(error, folder, path);
        }
    }

    private static Exception CannotOpen(Exception error, string folder, string path)
    {
        if (LocalErrors.IsFull(error, path))
            return LocalErrors.DiskFull(path, error);
        // 14: https://www.sqlite.org/rescode.html#cantopen; here it is a folder without rights, or a file in its place.
        return error is IOException or SqliteException { SqliteErrorCode: 14 }
            ? PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"The state cannot be kept in '{folder}' ({error.Message}). Name a folder that can be written.",
                error)
            : LocalErrors.Translate(error, path);
    }
}
