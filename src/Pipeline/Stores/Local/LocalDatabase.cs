using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Stores.Local;

/// <summary>
/// The state of one machine: <c>state.db</c>, SQLite in WAL mode. Reads run immediately on their own connections;
/// writes go through one writer. Several processes may open it, so decisions that must hold across processes are made
/// inside a transaction, never from memory.
/// </summary>
internal sealed class LocalDatabase : IAsyncDisposable
{
    /// <summary>Name of the file in the state folder.</summary>
    public const string FileName = "state.db";

    private readonly ConcurrentBag<SqlSession> _readers = [];
    private readonly SqlWriter _writer;

    private LocalDatabase(string path, SqlSession session)
    {
        Path = path;
        _writer = new(session, path);
    }

    /// <summary>The path of the file.</summary>
    public string Path { get; }

    /// <summary>Opens the state in a folder. Creates folder and state if they are missing.</summary>
    /// <exception cref="PipelineException">
    /// Permanent: the folder is not writable, or the file is damaged, is not a state, or has a newer version.
    /// Transient: it is locked.
    /// </exception>
    public static Task<LocalDatabase> OpenAsync(string folder, CancellationToken cancellationToken) =>
        Task.Run(() => Open(folder), cancellationToken);

    /// <summary>Runs a write in the next transaction.</summary>
    /// <param name="write">
    /// Runs in the writer. Runs again if another write in its transaction fails. Must not wait for another
    /// write.
    /// </param>
    /// <param name="durable">Whether it must survive a power loss, and not only the end of the process.</param>
    /// <param name="cancellationToken">Cancels the write while it waits. Once started, it runs to its end.</param>
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

    /// <summary>Runs a short query. It sees every completed write.</summary>
    public Task<T> ReadAsync<T>(Func<SqlSession, T> query, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);
        SqlSession? session = null;
        try
        {
            session = _readers.TryTake(out var idle) ? idle : new(Path, create: false);
            var result = query(session);
            _readers.Add(session);
            return Task.FromResult(result);
        }
        // The session of a failed query is not reused, because its statements may be in any state.
        catch (Exception error)
        {
            session?.Dispose();
            return Task.FromException<T>(LocalErrors.Translate(error, Path));
        }
    }

    /// <summary>Finishes the waiting writes and closes the file.</summary>
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
            // SQLite creates its log and its shared memory with the file mode of the database.
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
        // 14 (https://www.sqlite.org/rescode.html#cantopen) means a folder without permission, or a file in its place.
        return error is IOException or SqliteException { SqliteErrorCode: 14 }
            ? PipelineException.Permanent(
                FailureReasons.InvalidConfiguration,
                $"Cannot store the state in '{folder}' ({LocalErrors.WordsOf(error)}). Use a writable folder.",
                error)
            : LocalErrors.Translate(error, path);
    }
}
