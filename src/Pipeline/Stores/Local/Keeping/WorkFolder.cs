using Pipeline.IO;

namespace Pipeline.Stores.Local.Keeping;

/// <summary>
/// A folder inside the state for a copy of the database while a backup or a restore works on it. A killed process
/// cannot remove it, and the copy holds every list, including lists that are erased later. So a locked file beside the
/// folder shows that its process is alive, and the next process that opens or erases the state removes unlocked
/// folders.
/// </summary>
internal sealed class WorkFolder : IDisposable
{
    /// <summary>Name of the folder of a backup.</summary>
    public const string Backup = "backup";

    /// <summary>Name of the folder of a restore.</summary>
    public const string Restore = "restore";

    private const string LockEnd = ".lock";

    private static readonly string[] _names = [Backup, Restore];

    private readonly FileStream _lock;

    /// <summary>Creates a folder that only its owner can read.</summary>
    /// <param name="state">The folder of the state.</param>
    /// <param name="name"><see cref="Backup"/> or <see cref="Restore"/>.</param>
    /// <exception cref="IOException">The folder cannot be created.</exception>
    public WorkFolder(string state, string name)
    {
        RemoveUnused(state);
        Path = System.IO.Path.Combine(
            state, $"{name}{AtomicFile.TemporaryMark}{System.IO.Path.GetRandomFileName()}");
        // Create the lock first, because a folder without a lock counts as abandoned.
        _lock = new(Path + LockEnd, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(Path);
        else
            Directory.CreateDirectory(
                Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Removes what killed backups and restores left in a state.</summary>
    public static void RemoveUnused(string state)
    {
        if (!Directory.Exists(state))
            return;
        foreach (var name in _names)
        {
            foreach (var folder in Directory.EnumerateDirectories(state, $"{name}{AtomicFile.TemporaryMark}*"))
                if (!IsHeld(folder))
                    Directory.Delete(folder, recursive: true);
            // Removes their locks.
            PrivateFiles.RemoveUnused(state, $"{name}{AtomicFile.TemporaryMark}*");
        }

        // Removes the copies of older versions, which had no folder.
        AtomicFile.RemoveUnusedBeside(System.IO.Path.Combine(state, LocalDatabase.FileName));
    }

    public void Dispose()
    {
        Directory.Delete(Path, recursive: true);
        _lock.Dispose();
        File.Delete(Path + LockEnd);
    }

    private static bool IsHeld(string folder)
    {
        try
        {
            using var alone = new FileStream(folder + LockEnd, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
