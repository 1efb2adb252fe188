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

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS posts (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, is_batch INTEGER NOT NULL, inputs INTEGER NOT NULL,
            delivery TEXT NOT NULL, answered TEXT NOT NULL, created_at INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS tasks (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, post INTEGER NOT NULL, ordinal INTEGER NOT NULL, state INTEGER NOT NULL,
            input TEXT NOT NULL, faults TEXT, created_at INTEGER NOT NULL, finished_at INTEGER, status_code INTEGER, error TEXT, error_type TEXT, output_url TEXT,
            delivered INTEGER NOT NULL DEFAULT 0, calls INTEGER NOT NULL DEFAULT 0, calls_taken INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX IF NOT EXISTS tasks_post ON tasks (post, state);
        CREATE TABLE IF NOT EXISTS jobs (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, due_at INTEGER NOT NULL, task INTEGER NOT NULL, attempt INTEGER NOT NULL);
        CREATE INDEX IF NOT EXISTS jobs_due ON jobs (kind, due_at, seq);
        """;

    private readonly string _connectionString;
    private readonly ConcurrentBag<StatementCache> _readers = [];
    private readonly Channel<Write> _writes = Channel.CreateUnbounded<Write>(new() { SingleReader = true });
    private readonly StatementCache _writer;
    private readonly Task _writing;

    private Database(string connectionString)
    {
        _connectionString = connectionString;
        _writer = Connect();
        _writer.Execute("PRAGMA journal_mode=WAL");
        // Safe against the end of the process, which is what is promised; not against the loss of power.
        _writer.Execute("PRAGMA synchronous=NORMAL");
        _writer.Execute(Schema);
        _writing = Task.Run(WriteAsync);
    }

    public static Database Open(string path) =>
        new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ConnectionString);

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

    /// <summary>Runs a write with others in one transaction; returns when it is committed.</summary>
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
            if (raw.sqlite3_get_autocommit(_writer.Connection.Handle) == 0)
                _writer.Execute("ROLLBACK");
            group.ForEach(w => w.Done.TrySetException(error));
            return;
        }
        group.ForEach(w => w.Done.TrySetResult());
    }

    private sealed record Write(Action<StatementCache> Run, TaskCompletionSource Done);
}
