namespace Pipeline;

/// <summary>
/// Files that nobody but their owner may read, whatever the mode of their folder: keys, state, and temporary files. Where an open file
/// can be unlinked a temporary one has no name, so that not even a killed process leaves it behind.
/// </summary>
internal static class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string TemporaryPattern = "pipeline-*.tmp";

    /// <summary>Makes an empty file, or takes the rights of others away from one that is there.</summary>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public static void Ensure(string path)
    {
        if (!File.Exists(path))
            Open(path, FileMode.OpenOrCreate, FileOptions.None).Dispose();
        Restrict(path);
    }

    /// <summary>Takes the rights of others away from a file, where it is there and ours.</summary>
    public static void Restrict(string path)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(path))
            return;
        try
        {
            if (File.GetUnixFileMode(path) != OwnerOnly)
                File.SetUnixFileMode(path, OwnerOnly);
        }
        // Who owns it decides who may read it.
        catch (UnauthorizedAccessException)
        {
        }
    }

    /// <summary>Writes a small file whole, or not at all.</summary>
    public static void Write(string path, string text)
    {
        var beside = path + ".new";
        File.Delete(beside);
        using (var writer = new StreamWriter(Open(beside, FileMode.CreateNew, FileOptions.None)))
            writer.Write(text);
        File.Move(beside, path, overwrite: true);
    }

    /// <summary>A temporary file, to be written and read by whoever made it.</summary>
    /// <param name="folder">Where it takes its room; made where only its last part is missing.</param>
    /// <param name="options">How it will be used.</param>
    public static FileStream CreateTemporary(string folder, FileOptions options = FileOptions.None)
    {
        if (!Directory.Exists(folder) && Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(folder))))
            Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"pipeline-{Path.GetRandomFileName()}.tmp");
        var file = Open(path, FileMode.CreateNew, options | FileOptions.DeleteOnClose);
        if (!OperatingSystem.IsWindows())
            File.Delete(path);
        return file;
    }

    /// <summary>Removes the temporary files of processes that were killed.</summary>
    public static void RemoveTemporary(string folder) => RemoveUnused(folder, TemporaryPattern);

    /// <summary>Removes files that no process has open: whoever writes one holds a lock on it.</summary>
    public static void RemoveUnused(string folder, string pattern)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var path in Directory.EnumerateFiles(folder, pattern))
        {
            try
            {
                using var alone = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                File.Delete(path);
            }
            // Somebody has it open, or it is gone by now.
            catch (Exception used) when (used is IOException or UnauthorizedAccessException)
            {
            }
        }
    }

    private static FileStream Open(string path, FileMode mode, FileOptions options)
    {
        var how = new FileStreamOptions
        {
            Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = options, BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            how.UnixCreateMode = OwnerOnly;
        return new(path, how);
    }
}
