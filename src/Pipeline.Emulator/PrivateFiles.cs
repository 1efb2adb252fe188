namespace Pipeline.Emulator;

/// <summary>Files that nobody but their owner may read: what holds tokens, and temporary files.</summary>
internal static class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes an empty file where there is none; SQLite gives its log and its shared memory the same mode.</summary>
    public static void Ensure(string path)
    {
        if (!File.Exists(path))
            Open(path, FileMode.OpenOrCreate, FileOptions.None).Dispose();
        else if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(path) != OwnerOnly)
            File.SetUnixFileMode(path, OwnerOnly);
    }

    /// <summary>A temporary file. Where an open file can be unlinked it has no name, so that a kill leaves nothing behind.</summary>
    public static FileStream CreateTemporary()
    {
        var path = Path.Combine(Path.GetTempPath(), $"pipeline-{Path.GetRandomFileName()}.tmp");
        var file = Open(path, FileMode.CreateNew, FileOptions.DeleteOnClose);
        if (!OperatingSystem.IsWindows())
            File.Delete(path);
        return file;
    }

    private static FileStream Open(string path, FileMode mode, FileOptions options)
    {
        var how = new FileStreamOptions
        {
            Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = options, BufferSize = 1 << 16,
        };
        if (!OperatingSystem.IsWindows())
            how.UnixCreateMode = OwnerOnly;
        return new(path, how);
    }
}
