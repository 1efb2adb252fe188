using System.Globalization;
using Pipeline.IO;

namespace Pipeline.Stores.Local;

/// <summary>A file that appears whole or not at all: written beside its place, then renamed into it. Without <see cref="Commit"/> nothing remains.</summary>
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

    /// <summary>Where to write.</summary>
    public FileStream Stream { get; }

    /// <summary>Whether a name is that of a file being written.</summary>
    public static bool IsTemporary(string name) => name.Contains(TemporaryMark, StringComparison.Ordinal);

    /// <summary>Removes what killed processes left half written in a folder.</summary>
    public static void RemoveUnused(string folder) => PrivateFiles.RemoveUnused(folder, $"*{TemporaryMark}*");

    /// <summary>Makes it visible, replacing what was there.</summary>
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
