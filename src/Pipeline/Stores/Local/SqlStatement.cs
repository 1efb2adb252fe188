using System.Buffers;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Pipeline.Stores.Local;

/// <summary>
/// A prepared statement of a <see cref="SqlSession"/>. Its parameters are found by name once and not at each execution:
/// a run executes ten statements a URL.
/// </summary>
internal sealed class SqlStatement : IDisposable
{
    private const int StackBytes = 512;

    // SQLite does not wait where that could be a deadlock, for instance when several processes turn on the log.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly sqlite3 _connection;
    private readonly sqlite3_stmt _statement;
    private readonly int[] _parameters;
    private bool _isOpen;

    /// <param name="connection">The connection.</param>
    /// <param name="sql">One statement with the parameters <c>$1</c>, <c>$2</c> and so on.</param>
    public SqlStatement(sqlite3 connection, string sql)
    {
        _connection = connection;
        sqlite3_stmt? statement = null;
        Check(Retry(
            () => raw.sqlite3_prepare_v3(connection, sql, raw.SQLITE_PREPARE_PERSISTENT, out statement)));
        _statement = statement!;
        // SQLite numbers parameters by their first use, not by their names.
        _parameters =
        [
            .. Enumerable.Range(1, raw.sqlite3_bind_parameter_count(_statement))
                .Select(number => raw.sqlite3_bind_parameter_index(_statement, $"${number}")),
        ];
    }

    /// <summary>How many columns a row has.</summary>
    public int Columns => raw.sqlite3_column_count(_statement);

    /// <summary>Throws for any result but success.</summary>
    /// <exception cref="SqliteException">The error of the connection.</exception>
    public static void Check(sqlite3 connection, int result) => SqliteException.ThrowExceptionForRC(result, connection);

    /// <summary>Runs until SQLite is no longer busy, for half a minute at most. Returns SQLite's result code.</summary>
    public static int Retry(Func<int> run)
    {
        var started = TimeProvider.System.GetTimestamp();
        int result;
        while ((result = run()) is raw.SQLITE_BUSY or raw.SQLITE_LOCKED
            && TimeProvider.System.GetElapsedTime(started) < Patience)
        {
            // The calls of SQLite are synchronous, and so is its own waiting.
#pragma warning disable RS0030
            Thread.Sleep(Pause);
#pragma warning restore RS0030
        }
        return result;
    }

    /// <summary>Binds the arguments. <see cref="Close"/> must end the execution.</summary>
    /// <exception cref="InvalidOperationException">The last execution was not closed.</exception>
    public void Open(ReadOnlySpan<object?> arguments)
    {
        if (_isOpen)
            throw new InvalidOperationException("The rows of this statement are still being read.");
        if (arguments.Length != _parameters.Length)
            throw new ArgumentException(
                $"The statement has {_parameters.Length} parameters, not {arguments.Length}.", nameof(arguments));
        for (var i = 0; i < arguments.Length; i++)
            Check(Bind(_parameters[i], arguments[i]));
        _isOpen = true;
    }

    /// <summary>Advances to the next row. Returns false if there is none.</summary>
    public bool Step()
    {
        var result = raw.sqlite3_step(_statement);
        if (result is raw.SQLITE_BUSY or raw.SQLITE_LOCKED)
            result = Retry(() =>
            {
                raw.sqlite3_reset(_statement);
                return raw.sqlite3_step(_statement);
            });
        if (result is not (raw.SQLITE_ROW or raw.SQLITE_DONE))
            Check(result);
        return result == raw.SQLITE_ROW;
    }

    /// <summary>Ends the execution and releases the arguments.</summary>
    public void Close()
    {
        if (!_isOpen)
            return;
        _isOpen = false;
        // Its result repeats the error of the last step.
        raw.sqlite3_reset(_statement);
        raw.sqlite3_clear_bindings(_statement);
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public long Integer(int column) => raw.sqlite3_column_int64(_statement, column);

    public string Text(int column) => Encoding.UTF8.GetString(Bytes(column));

    /// <summary>The bytes of a blob or of a text, valid until the next step.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(_statement, column);

    /// <summary>A column's value as SQLite has it: <c>long</c>, <c>double</c>, text, bytes or null.</summary>
    public object? Value(int column) => raw.sqlite3_column_type(_statement, column) switch
    {
        raw.SQLITE_INTEGER => Integer(column),
        raw.SQLITE_FLOAT => raw.sqlite3_column_double(_statement, column),
        raw.SQLITE_TEXT => Text(column),
        raw.SQLITE_BLOB => Bytes(column).ToArray(),
        _ => null,
    };

    public void Dispose() => _statement.Dispose();

    private int Bind(int parameter, object? value) => value switch
    {
        null => raw.sqlite3_bind_null(_statement, parameter),
        string text => BindText(parameter, text),
        long number => raw.sqlite3_bind_int64(_statement, parameter, number),
        int number => raw.sqlite3_bind_int64(_statement, parameter, number),
        bool flag => raw.sqlite3_bind_int64(_statement, parameter, flag ? 1 : 0),
        // SQLite takes an empty span for null.
        byte[] { Length: 0 } => raw.sqlite3_bind_zeroblob(_statement, parameter, 0),
        byte[] bytes => raw.sqlite3_bind_blob(_statement, parameter, bytes),
        _ => throw new ArgumentException($"SQLite has no type for {value.GetType()}.", nameof(value)),
    };

    private int BindText(int parameter, string text)
    {
        if (text.Length == 0)
            return raw.sqlite3_bind_text(_statement, parameter, text);
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        var rented = most <= StackBytes ? null : ArrayPool<byte>.Shared.Rent(most);
        var buffer = rented is null ? stackalloc byte[StackBytes] : rented;
        var result = raw.sqlite3_bind_text(
            _statement, parameter, buffer[..Encoding.UTF8.GetBytes(text, buffer)]);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return result;
    }

    private void Check(int result) => Check(_connection, result);
}
