using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Pipeline.Stores.Local;

/// <summary>
/// One SQLite connection with its prepared statements, for one thread at a time. Arguments are <c>$1</c>, <c>$2</c> and
/// so on.
/// </summary>
internal sealed class SqlSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _commands = [];
    private readonly List<Action<bool>> _enlisted = [];

    /// <param name="path">The path of the file.</param>
    /// <param name="create">
    /// Whether to create a missing file. A reader must not, because an empty state would look like a new one.
    /// </param>
    public SqlSession(string path, bool create)
    {
        var mode = create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite;
        _connection = new(new SqliteConnectionStringBuilder
        {
            DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 30,
        }.ToString());
        _connection.Open();
        // Another process may hold the write lock during a batch, and longer while it copies a large record.
        Script("PRAGMA busy_timeout=30000; PRAGMA temp_store=MEMORY;");
    }

    /// <summary>
    /// Whether a transaction is open. False also after SQLite itself has rolled it back, for example because the disk
    /// is full.
    /// </summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_connection.Handle) == 0;

    /// <summary>Runs a statement. Returns the number of changed rows.</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> arguments) => Bind(sql, arguments).ExecuteNonQuery();

    /// <summary>Returns the first column of the first row; null for SQL's NULL and for no row.</summary>
    public object? Scalar(string sql, params ReadOnlySpan<object?> arguments)
    {
        var value = Bind(sql, arguments).ExecuteScalar();
        return value is DBNull ? null : value;
    }

    /// <summary>Returns the rows. The statement is busy until the reader is disposed.</summary>
    public SqliteDataReader Query(string sql, params ReadOnlySpan<object?> arguments) =>
        Bind(sql, arguments).ExecuteReader();

    /// <summary>
    /// Runs statements without keeping them prepared. Also for pragmas, some of which act when they are prepared.
    /// </summary>
    public void Script(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

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
        foreach (var command in _commands.Values)
            command.Dispose();
        _connection.Dispose();
    }

    private SqliteCommand Bind(string sql, ReadOnlySpan<object?> arguments)
    {
        if (!_commands.TryGetValue(sql, out var command))
        {
            command = _connection.CreateCommand();
            // Every statement in this folder is a constant. Values are passed as parameters.
#pragma warning disable CA2100
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var i = 0; i < arguments.Length; i++)
                command.Parameters.Add(new SqliteParameter { ParameterName = $"${i + 1}" });
            _commands.Add(sql, command);
        }
        for (var i = 0; i < arguments.Length; i++)
            command.Parameters[i].Value = arguments[i] ?? DBNull.Value;
        return command;
    }
}
