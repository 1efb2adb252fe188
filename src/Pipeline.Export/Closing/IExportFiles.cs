namespace Pipeline.Export.Closing;

/// <summary>The files of exports, by names such as <c>dt=2026-03-19/list=9a41/part-0.parquet</c>.</summary>
internal interface IExportFiles
{
    /// <summary>Reads a small file; null if there is none.</summary>
    Task<byte[]?> ReadAsync(string name, CancellationToken cancellationToken);

    /// <summary>Writes a file atomically, in place of an earlier one.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="content">A seekable stream, read from its position to its end.</param>
    /// <param name="cancellationToken">Stops the write; nothing is then written.</param>
    Task WriteAsync(string name, Stream content, CancellationToken cancellationToken);

    /// <summary>Deletes a file. Returns false if there is none.</summary>
    Task<bool> DeleteAsync(string name, CancellationToken cancellationToken);
}
