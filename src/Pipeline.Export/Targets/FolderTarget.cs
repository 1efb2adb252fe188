using Pipeline.Export.Tables;
using Pipeline.Export.Writing;
using Pipeline.Stores.Local;

namespace Pipeline.Export.Targets;

/// <summary>
/// A folder with a folder for each partition: <c>dt=2026-03-19/list=9a41/part-0.parquet</c>. Failures are in
/// <c>_failures</c>, because Spark, Synapse and Hive skip such names when they read the whole folder.
/// </summary>
internal sealed class FolderTarget(string path, FileStyle style, long partBytes) : IExportTarget
{
    /// <summary>The folder of failures.</summary>
    public const string FailuresFolder = "_failures";

    private readonly string _new = AtomicFile.NameTemporary(path);

    /// <summary>False: a partition exists only if it has rows.</summary>
    public bool HoldsEmptyTables => false;

    /// <inheritdoc/>
    public Task<ITableWriter> OpenAsync(Table table, Partition partition, CancellationToken cancellationToken)
    {
        var root = table.Name == Table.Failures.Name ? Path.Combine(_new, FailuresFolder) : _new;
        return Task.FromResult<ITableWriter>(
            new PartsWriter(Path.Combine(root, partition.Folder), table, style, partBytes));
    }

    /// <summary>Whether everything in a folder is an earlier export, so that the folder may be replaced.</summary>
    public static bool IsExport(string folder) => Directory.EnumerateFileSystemEntries(folder)
        .Select(entry => Path.GetFileName(entry))
        .All(name => name == FailuresFolder || name.StartsWith("dt=", StringComparison.Ordinal)
            || name.StartsWith("list=", StringComparison.Ordinal));

    /// <inheritdoc/>
    public Task CommitAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_new);
        var old = AtomicFile.NameTemporary(path);
        if (Directory.Exists(path))
            Directory.Move(path, old);
        Directory.Move(_new, path);
        if (Directory.Exists(old))
            Directory.Delete(old, recursive: true);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        if (Directory.Exists(_new))
            Directory.Delete(_new, recursive: true);
        return ValueTask.CompletedTask;
    }
}
