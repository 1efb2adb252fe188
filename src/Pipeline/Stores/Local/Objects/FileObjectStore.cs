using System.Runtime.CompilerServices;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Ports;

namespace Pipeline.Stores.Local.Objects;

/// <summary>Stores objects as files, <c>file:///absolute/path</c>. Folders are only parts of keys.</summary>
internal sealed class FileObjectStore : IObjectStore
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Schemes { get; } = ["file"];

    /// <inheritdoc/>
    public Task<ObjectRead?> OpenAsync(ObjectUri uri, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return Task.FromResult<ObjectRead?>(File.Exists(uri.Key) ? new FileObjectRead(uri.Key) : null);
        }
        // The file was removed meanwhile.
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<ObjectRead?>(null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Translate(error, uri, "read");
        }
    }

    /// <inheritdoc/>
    public async Task WriteAsync(ObjectUri uri, Stream content, CancellationToken cancellationToken)
    {
        AtomicFile file;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(uri.Key) ?? "/");
            file = new(uri.Key);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Translate(error, uri, "written");
        }
        using (file)
        {
            var buffer = new byte[64 * 1024];
            int read;
            // Errors of the content belong to the caller. Only errors of the file are translated.
            while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
                Guard(uri, () => file.Stream.Write(buffer, 0, read));
            Guard(uri, file.Commit);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectUri prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var file in Find(prefix))
        {
            cancellationToken.ThrowIfCancellationRequested();
            long bytes;
            try
            {
                bytes = file.Length;
            }
            catch (FileNotFoundException)
            {
                continue;
            }
            yield return new(prefix with { Key = file.FullName }, bytes);
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(ObjectUri uri, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (File.Exists(uri.Key))
            Guard(uri, () => File.Delete(uri.Key));
        return Task.CompletedTask;
    }

    private static List<FileInfo> Find(ObjectUri prefix)
    {
        // The part after the last slash may be the start of a file name or of a folder name.
        var folder = new DirectoryInfo(prefix.Key[..(prefix.Key.LastIndexOf('/') + 1)]);
        if (!folder.Exists)
            return [];
        var everything = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.None,
            IgnoreInaccessible = false,
        };
        try
        {
            return folder.EnumerateFileSystemInfos(
                "*", new EnumerationOptions { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false })
                .Where(entry => entry.FullName.StartsWith(prefix.Key, StringComparison.Ordinal))
                .SelectMany(
                    entry => entry is DirectoryInfo inner ? inner.EnumerateFiles("*", everything) : [(FileInfo)entry])
                .Where(file => !AtomicFile.IsTemporary(file.Name))
                .ToList();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Translate(error, prefix, "listed");
        }
    }

    private static void Guard(ObjectUri uri, Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Translate(error, uri, "written");
        }
    }

    private static PipelineException Translate(Exception error, ObjectUri uri, string what) =>
        error is UnauthorizedAccessException
        ? PipelineException.Permanent(
            FailureReasons.AccessDenied, $"'{uri.Key}' cannot be {what}: {FaultWords.Of(error)}.", error)
        : PipelineException.Transient(
            FailureReasons.Unavailable, $"'{uri.Key}' cannot be {what} now: {FaultWords.Of(error)}.", inner: error);
}
