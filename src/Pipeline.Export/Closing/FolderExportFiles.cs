using Pipeline.Stores.Local;

namespace Pipeline.Export.Closing;

/// <summary>Files in a folder of this machine.</summary>
internal sealed class FolderExportFiles(string folder) : IExportFiles
{
    /// <inheritdoc/>
    public async Task<byte[]?> ReadAsync(string name, CancellationToken cancellationToken) =>
        File.Exists(PathOf(name)) ? await File.ReadAllBytesAsync(PathOf(name), cancellationToken) : null;

    /// <inheritdoc/>
    public async Task WriteAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.RemoveUnused(Path.GetDirectoryName(path)!);
            using var file = new AtomicFile(path);
            await content.CopyToAsync(file.Stream, cancellationToken);
            file.Commit();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw LocalErrors.Translate(error, path);
        }
    }

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        var exists = File.Exists(PathOf(name));
        if (exists)
            File.Delete(PathOf(name));
        return Task.FromResult(exists);
    }

    private string PathOf(string name) => Path.Combine([folder, .. name.Split('/')]);
}
