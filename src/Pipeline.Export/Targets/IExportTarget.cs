using Pipeline.Export.Tables;
using Pipeline.Export.Writing;

namespace Pipeline.Export.Targets;

/// <summary>The target of an export. Nothing is visible before <see cref="CommitAsync"/>.</summary>
internal interface IExportTarget : IAsyncDisposable
{
    /// <summary>Whether a table without rows is written too.</summary>
    bool HoldsEmptyTables { get; }

    /// <summary>Starts a file, or a table of it.</summary>
    Task<ITableWriter> OpenAsync(Table table, Partition partition, CancellationToken cancellationToken);

    /// <summary>Makes everything visible. Replaces an earlier export.</summary>
    Task CommitAsync(CancellationToken cancellationToken);
}
