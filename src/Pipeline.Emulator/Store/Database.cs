using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Pipeline.Emulator.Store;

/// <summary>
/// An SQLite file in WAL mode with any number of readers and one writer. The writer commits all waiting writes
/// together, so that thousands of small writes a second cost few commits. A completed write survives the end of the
/// process.
/// </summary>
internal sealed class Database : IAsyncDisposable
{
    private const int MaxGroup = 1000;

    private readonly string _connectionString;
    private readonly ConcurrentBag<StatementCache> _readers = [];
    private readonly Channel<Write> _writes = Channel.CreateUnbounded<Write>(new() { SingleReader = true });
    private readonly StatementCache _writer;
    private readonly Task _writing;
    private Exception? _broken;

    private Database(string connectionString, string schema)
    {
        _connectionString = connectionString;
        _writer = Connect();
        _writer.Execute("PRAGMA journal_mode=WAL");
        // Survives the end of the process, as promised, but not a power failure.
        _writer.Execute("PRAGMA synchronous=NORMAL");
        _writer.Execute(schema);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Opens or creates a file and applies the schema.</summary>
    /// <remarks>The rows hold callback URLs with their tokens, so only the owner may read the file.</remarks>
    public static Database Open(string path, string schema)
    {
        PrivateFiles.Ensure(path);
        return new(
            new SqliteConnectionStringBuilder { DataSource = path, Pooling = false,
                DefaultTimeout = 30 }.ConnectionString,
            schema);
    }

    public T Read<T>(Func<StatementCache, T> query)
    {
        if (!_readers.TryTake(out var reader))
            reader = Connect();
        try
        {
            return query(reader);
        }
        finally
        {
            _readers.Add(reader);
        }
    }

    /// <summary>
    /// Runs a write in a transaction that it may share with others. Completes when that is committed.
    /// </summary>
    /// <returns>What <paramref name="write"/> returned.</returns>
    public async Task<T> WriteAsync<T>(Func<StatementCache, T> write)
    {
        T result = default!;
        await WriteAsync(d => { result = write(d); });
        return result;
    }

    /// <inheritdoc cref="WriteAsync{T}"/>
    public Task WriteAsync(Action<StatementCache> write)
    {
        var item = new Write(write, new(TaskCreationOptions.RunContinuationsAsynchronously));
        return _writes.Writer.TryWrite(item)
            ? item.Done.Task
            : Task.FromException(new ObjectDisposedException(nameof(Database)));
    }

    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        await _writing;
        foreach (var reader in _readers)
            reader.Dispose();
        _writer.Dispose();
    }

    private StatementCache Connect()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        return new(connection);
    }

    private async Task WriteAsync()
    {
        var group = new List<Write>();
        while (await _writes.Reader.WaitToReadAsync())
        {
            while (group.Count < MaxGroup && _writes.Reader.TryRead(out var write))
                group.Add(write);
            Commit(group);
            group.Clear();
        }
    }

    private void Commit(List<Write> group)
    {
        if (_broken is { } cause)
        {
            group.ForEach(w => w.Done.TrySetException(cause));
            return;
        }
        try
        {
            _writer.Execute("BEGIN IMMEDIATE");
            foreach (var write in group)
                write.Run(_writer);
            _writer.Execute("COMMIT");
        }
        catch (Exception error)
        {
            RollBack();
            group.ForEach(w => w.Done.TrySetException(error));
            return;
        }
        group.ForEach(w => w.Done.TrySetResult());
    }

    // If the rollback fails too, the writer is broken, and all further writes fail.
    private void RollBack()
    {
        try
        {
            // SQLite itself has already rolled back if the disk was full.
            if (raw.sqlite3_get_autocommit(_writer.Connection.Handle) == 0)
                _writer.Execute("ROLLBACK");
        }
        catch (Exception error)
        {
            _broken = error;
        }
    }

    private sealed record Write(Action<StatementCache> Run, TaskCompletionSource Done);
}
