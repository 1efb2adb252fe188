using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Pipeline.Stores.Local;

/// <summary>
/// One SQLite connection with its prepared statements, for one thread at a time. Arguments are <c>$1</c>, <c>$2</c> and
/// so on.
/// </summary>
internal sealed class SqlSession : IDisposable
{
    private readonly sqlite3 _connection;
    private readonly Dictionary<string, SqlStatement> _statements = [];
    private readonly List<Action<bool>> _enlisted = [];

    static SqlSession() => Batteries_V2.Init();

    /// <param name="path">The path of the file.</param>
    /// <param name="create">
    /// Whether to create a missing file. A reader must not, because an empty state would look like a new one.
    /// </param>
    /// <exception cref="SqliteException">The file cannot be opened.</exception>
    public SqlSession(string path, bool create)
    {
        // SQLite needs no lock of its own, since no two threads use a session at the same time.
        var result = raw.sqlite3_open_v2(
            path, out _connection,
            raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX | (create ? raw.SQLITE_OPEN_CREATE : 0), vfs: null);
        try
        {
            SqlStatement.Check(_connection, result);
            // Another process may hold the write lock during a batch, and longer while it copies a large record.
            // Every write of another session empties this one's cache, so a large one would only take memory.
            Script("PRAGMA busy_timeout=30000; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-512;");
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Whether a transaction is open. False also after SQLite itself has rolled it back, for example because the disk
    /// is full.
    /// </summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_connection) == 0;

    /// <summary>Runs a statement. Returns the number of rows that it inserted, changed or removed.</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> arguments)
    {
        using var rows = Query(sql, arguments);
        while (rows.Read())
        {
        }
        return raw.sqlite3_changes(_connection);
    }

    /// <summary>Returns the first column of the first row; null for SQL's NULL and for no row.</summary>
    public object? Scalar(string sql, params ReadOnlySpan<object?> arguments)
    {
        var statement = Open(sql, arguments);
        using var rows = new SqlRows(statement);
        return rows.Read() ? statement.Value(0) : null;
    }

    /// <summary>Returns the rows. The statement is busy until they are disposed.</summary>
    public SqlRows Query(string sql, params ReadOnlySpan<object?> arguments) => new(Open(sql, arguments));

    /// <summary>
    /// Runs statements without keeping them prepared. Also for pragmas, some of which act when they are prepared.
    /// </summary>
    public void Script(string sql) =>
        SqlStatement.Check(_connection, SqlStatement.Retry(() => raw.sqlite3_exec(_connection, sql)));

    /// <summary>
    /// Registers an action that runs once at the end of the current batch: with true before the commit, with false if
    /// the batch is rolled back. If it throws before the commit, the batch is rolled back.
    /// </summary>
    public void Enlist(Action<bool> end) => _enlisted.Add(end);

    /// <summary>Runs the registered actions.</summary>
    public void End(bool commit)
    {
        foreach (var end in _enlisted)
            end(commit);
        _enlisted.Clear();
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Dispose();
        _connection.Dispose();
    }

    private SqlStatement Open(string sql, ReadOnlySpan<object?> arguments)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            statement = new(_connection, sql);
            _statements.Add(sql, statement);
        }
        statement.Open(arguments);
        return statement;
    }
}
