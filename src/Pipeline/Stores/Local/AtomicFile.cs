using System.Globalization;
using Pipeline.IO;

namespace Pipeline.Stores.Local;

/// <summary>
/// Writes a file atomically: to a temporary file next to it, which <see cref="Commit"/> renames. Without a commit
/// nothing remains.
/// </summary>
internal sealed class AtomicFile : IDisposable
{
    private const string TemporaryMark = ".pipeline-part-";

    private static long _counter;

    private readonly string _path;
    private readonly string _temporary;
    private bool _committed;

    public AtomicFile(string path)
    {
        _path = path;
        _temporary = string.Create(
            CultureInfo.InvariantCulture,
            $"{path}{TemporaryMark}{Environment.ProcessId}-{Interlocked.Increment(ref _counter)}");
        Stream = new(_temporary, FileMode.Create, FileAccess.Write, FileShare.Read, 64 * 1024);
    }

    /// <summary>The stream to write to.</summary>
    public FileStream Stream { get; }

    /// <summary>Whether a name belongs to a temporary file.</summary>
    public static bool IsTemporary(string name) => name.Contains(TemporaryMark, StringComparison.Ordinal);

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
        Stream.Dispose();
        if (!_committed)
            File.Delete(_temporary);
    }
}
