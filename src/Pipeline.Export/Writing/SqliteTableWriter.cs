using System.Text;
using Microsoft.Data.Sqlite;
using Pipeline.Export.Rows;
using Pipeline.Export.Tables;

namespace Pipeline.Export.Writing;

/// <summary>
/// Writes a table of an SQLite file; each batch is a transaction. Times are texts that SQLite's functions read.
/// </summary>
internal sealed class SqliteTableWriter : ITableWriter
{
    private readonly Table _table;
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert;

    /// <summary>Creates the table.</summary>
    /// <param name="connection">The open file; stays open.</param>
    /// <param name="table">The table.</param>
    public SqliteTableWriter(SqliteConnection connection, Table table)
    {
        (_connection, _table) = (connection, table);
        var columns = table.Columns.Select(column => $"{Quote(column.Name)} {TypeOf(column)}");
        Execute($"CREATE TABLE {table.Name}({string.Join(", ", columns)})");
        _insert = connection.CreateCommand();
        _insert.CommandText =
            $"INSERT INTO {table.Name} VALUES({string.Join(", ", table.Columns.Select((_, index) => $"${index}"))})";
        for (var index = 0; index < table.Columns.Count; index++)
            _insert.Parameters.Add(new SqliteParameter($"${index}", null));
    }

    /// <inheritdoc/>
    public Task WriteAsync(RowBatch batch, CancellationToken cancellationToken)
    {
        using var transaction = _connection.BeginTransaction();
        _insert.Transaction = transaction;
        for (var row = 0; row < batch.Rows; row++)
        {
            for (var column = 0; column < batch.Columns.Count; column++)
                _insert.Parameters[column].Value = ValueOf(batch.Columns[column], row);
            _insert.ExecuteNonQuery();
            cancellationToken.ThrowIfCancellationRequested();
        }
        transaction.Commit();
        return Task.CompletedTask;
    }

    /// <summary>Creates the indexes now, which is faster than before the rows.</summary>
    public Task CompleteAsync(CancellationToken cancellationToken)
    {
        foreach (var column in new[] { "id", "list_id", "url" })
            if (_table.Columns.Any(known => known.Name == column))
                Execute($"CREATE INDEX {_table.Name}_{column} ON {_table.Name}({column})");
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => _insert.DisposeAsync();

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object ValueOf(ColumnValues values, int row)
    {
        if (!values.Present[row])
            return DBNull.Value;
        return values.Column.Kind switch
        {
            ColumnKind.Number or ColumnKind.Boolean => values.Numbers[row],
            ColumnKind.Time => Times.TextOf(values.Numbers[row]),
            _ => Encoding.UTF8.GetString(values.Texts[row].Span),
        };
    }

    // A strict table would require SQLite 3.37 of every reader.
    private static string TypeOf(Column column) => column.Kind switch
    {
        ColumnKind.Number => "INTEGER",
        ColumnKind.Boolean => "BOOLEAN",
        _ => "TEXT",
    };

    private static string Quote(string name) => $"\"{name}\"";
}
