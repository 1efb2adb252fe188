using Microsoft.Data.Sqlite;
using Pipeline.Export.Tables;
using Pipeline.Export.Writing;
using Pipeline.Stores.Local;

namespace Pipeline.Export.Targets;

/// <summary>
/// One SQLite file with a table for records and one for failures. It is written without a journal under a temporary
/// name, so an unfinished file is never visible.
/// </summary>
internal sealed class SqliteTarget : IExportTarget
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly SqliteConnection _connection;

    public SqliteTarget(string path)
    {
        _path = ReplaceableFile.Resolve(path);
        _temporary = AtomicFile.NameTemporary(_path);
        _connection = new(
            new SqliteConnectionStringBuilder { DataSource = _temporary, Pooling = false }.ToString());
        _connection.Open();
        using var command = _connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;";
        command.ExecuteNonQuery();
    }

    /// <inheritdoc/>
    public bool HoldsEmptyTables => true;

    /// <inheritdoc/>
    public Task<ITableWriter> OpenAsync(Table table, Partition partition, CancellationToken cancellationToken) =>
        Task.FromResult<ITableWriter>(new SqliteTableWriter(_connection, table));

    /// <inheritdoc/>
    public Task CommitAsync(CancellationToken cancellationToken)
    {
        _connection.Close();
        using (var file = new FileStream(_temporary, FileMode.Open, FileAccess.ReadWrite))
            file.Flush(flushToDisk: true);
        File.Move(_temporary, _path, overwrite: true);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        File.Delete(_temporary);
    }
}
