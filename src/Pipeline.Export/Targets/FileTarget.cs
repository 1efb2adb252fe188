using Pipeline.Export.Tables;
using Pipeline.Export.Writing;

namespace Pipeline.Export.Targets;

/// <summary>
/// One file for each table: records under the given path, failures beside it, <c>results.failures.parquet</c> for
/// <c>results.parquet</c>.
/// </summary>
internal sealed class FileTarget(string path, FileStyle style) : IExportTarget
{
    private readonly List<TableFile> _files = [];

    /// <inheritdoc/>
    public bool HoldsEmptyTables => true;

    /// <summary>The path of a table's file.</summary>
    public static string PathOf(string path, Table table) =>
        table.Name == Table.Records.Name
            ? path
            : Path.Combine(
                Path.GetDirectoryName(path) ?? "",
                $"{Path.GetFileNameWithoutExtension(path)}.{table.Name}{Path.GetExtension(path)}");

    /// <inheritdoc/>
    public async Task<ITableWriter> OpenAsync(Table table, Partition partition, CancellationToken cancellationToken)
    {
        var file = await TableFile.CreateAsync(PathOf(path, table), table, style, cancellationToken);
        _files.Add(file);
        return file;
    }

    /// <inheritdoc/>
    public Task CommitAsync(CancellationToken cancellationToken)
    {
        foreach (var file in _files)
            file.Commit();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        foreach (var file in _files)
            file.Discard();
        return ValueTask.CompletedTask;
    }
}
