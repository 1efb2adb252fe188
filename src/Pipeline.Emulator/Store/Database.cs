using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Pipeline.Emulator.Store;

/// <summary>
/// One SQLite file in WAL: any number of readers, one writer that commits whatever waits together, so that thousands of small
/// writes a second cost few commits. A write that returned survives the end of the process.
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
        // Safe against the end of the process, which is what is promised; not against the loss of power.
        _writer.Execute("PRAGMA synchronous=NORMAL");
        _writer.Execute(schema);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Opens a file, with these tables where it has none yet.</summary>
    /// <remarks>The rows hold callback addresses with their tokens, so only the owner may read the file.</remarks>
    public static Database Open(string path, string schema)
    {
        PrivateFiles.Ensure(path);
        return new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ConnectionString, schema);
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

    /// <summary>Runs a write with others in one transaction, one after the other; returns what it returned when it is committed.</summary>
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
        return _writes.Writer.TryWrite(item) ? item.Done.Task : Task.FromException(new ObjectDisposedException(nameof(Database)));
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
            // A full disk makes SQLite roll back by itself.
            RollBack();
            group.ForEach(w => w.Done.TrySetException(error));
            return;
        }
        group.ForEach(w => w.Done.TrySetResult());
    }

    // Where that fails too, nothing more may be written, and nobody may wait for it.
    private void RollBack()
    {
        try
        {
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
