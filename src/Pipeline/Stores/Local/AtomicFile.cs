using System.Globalization;
using Pipeline.IO;

namespace Pipeline.Stores.Local;

/// <summary>
/// Writes a file atomically: to a temporary file next to it, which <see cref="Commit"/> renames. Without a commit
/// nothing remains. A link stays, and its target is replaced.
/// </summary>
internal sealed class AtomicFile : IDisposable
{
    /// <summary>A part of each name of <see cref="NameTemporary"/>.</summary>
    public const string TemporaryMark = FaultWords.TemporaryMark;

    private static long _counter;

    private readonly string _path;
    private readonly string _temporary;
    private bool _committed;

    public AtomicFile(string path)
    {
        _path = ReplaceableFile.Resolve(path);
        _temporary = NameTemporary(_path);
        Stream = new(_temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, 64 * 1024);
    }

    /// <summary>The stream to write to.</summary>
    public FileStream Stream { get; }

    /// <summary>Returns a new name next to a path, for a temporary file or folder.</summary>
    public static string NameTemporary(string path) => string.Create(
        CultureInfo.InvariantCulture,
        $"{path}{TemporaryMark}{Environment.ProcessId}-{Interlocked.Increment(ref _counter)}");

    /// <summary>Whether a name belongs to a temporary file.</summary>
    public static bool IsTemporary(string name) => name.Contains(TemporaryMark, StringComparison.Ordinal);

    /// <summary>Removes the temporary files beside a file that killed processes left.</summary>
    public static void RemoveUnusedBeside(string path) => PrivateFiles.RemoveUnused(
        Path.GetDirectoryName(Path.GetFullPath(path))!, $"{Path.GetFileName(path)}{TemporaryMark}*");

    /// <summary>Removes the temporary files of killed processes from a folder.</summary>
    public static void RemoveUnused(string folder) => PrivateFiles.RemoveUnused(folder, $"*{TemporaryMark}*");

    /// <summary>Makes the file visible. Replaces an existing one.</summary>
    public void Commit()
    {
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        File.Move(_temporary, _path, overwrite: true);
        _committed = true;
    }

    public void Dispose()
    {
        if (_committed)
            return;
        try
        {
            Stream.Dispose();
        }
        // The disk is full. The unwritten rest is discarded anyway.
        catch (IOException)
        {
        }
        File.Delete(_temporary);
    }
}
