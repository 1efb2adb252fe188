#if EMULATOR
namespace Pipeline.Emulator;
#else
namespace Pipeline.IO;
#endif

/// <summary>
/// Creates files that only their owner can read, whatever the folder's mode: keys, state and temporary files. On Unix,
/// a temporary file is unlinked as soon as it is open, so that even a killed process leaves nothing behind.
/// </summary>
internal static class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string TemporaryPattern = "pipeline-*.tmp";

    /// <summary>Creates an empty file, or restricts an existing one to its owner.</summary>
    /// <exception cref="IOException">The file cannot be created.</exception>
    public static void Ensure(string path)
    {
        if (!File.Exists(path))
            Open(path, FileMode.OpenOrCreate, FileOptions.None).Dispose();
        Restrict(path);
    }

    /// <summary>Restricts an existing file to its owner, if this process owns it.</summary>
    public static void Restrict(string path)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(path))
            return;
        try
        {
            if (File.GetUnixFileMode(path) != OwnerOnly)
                File.SetUnixFileMode(path, OwnerOnly);
        }
        // Another user owns the file and decides who may read it.
        catch (UnauthorizedAccessException)
        {
        }
    }

    /// <summary>Writes a small file atomically.</summary>
    public static void Write(string path, string text)
    {
        var newFile = path + ".new";
        File.Delete(newFile);
        using (var writer = new StreamWriter(Open(newFile, FileMode.CreateNew, FileOptions.None)))
            writer.Write(text);
        File.Move(newFile, path, overwrite: true);
    }

    /// <summary>Creates a temporary file that only the caller can read and write.</summary>
    /// <param name="folder">The folder for the file; created if its parent exists.</param>
    /// <param name="options">How the file will be used.</param>
    /// <param name="bufferBytes">Size of the stream's buffer; 0 for callers that write large pieces.</param>
    public static FileStream CreateTemporary(
        string folder, FileOptions options = FileOptions.None, int bufferBytes = 0)
    {
        if (!Directory.Exists(folder) && Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(folder))))
            Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"pipeline-{Path.GetRandomFileName()}.tmp");
        var file = Open(path, FileMode.CreateNew, options | FileOptions.DeleteOnClose, bufferBytes);
        if (!OperatingSystem.IsWindows())
            File.Delete(path);
        return file;
    }

    /// <summary>Deletes temporary files that killed processes left behind.</summary>
    public static void RemoveTemporary(string folder) => RemoveUnused(folder, TemporaryPattern);

    /// <summary>Deletes files that no process has open. A process that writes a file holds a lock on it.</summary>
    public static void RemoveUnused(string folder, string pattern)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var path in Directory.EnumerateFiles(folder, pattern))
        {
            try
            {
                using var locked = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                File.Delete(path);
            }
            // Another process has the file open, or has deleted it.
            catch (Exception inUse) when (inUse is IOException or UnauthorizedAccessException)
            {
            }
        }
    }

    private static FileStream Open(string path, FileMode mode, FileOptions options, int bufferBytes = 0)
    {
        var streamOptions = new FileStreamOptions
        {
            Mode = mode,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = options,
            BufferSize = bufferBytes,
        };
        if (!OperatingSystem.IsWindows())
            streamOptions.UnixCreateMode = OwnerOnly;
        return new(path, streamOptions);
    }
}
