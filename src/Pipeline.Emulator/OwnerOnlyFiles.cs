namespace Pipeline.Emulator;

/// <summary>Creates files that only their owner may read: files with tokens in them, and temporary files.</summary>
internal static class OwnerOnlyFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// Creates an empty file unless it exists, and restricts its mode. SQLite gives its log and shared-memory files the
    /// same mode.
    /// </summary>
    public static void Ensure(string path)
    {
        if (!File.Exists(path))
            Open(path, FileMode.OpenOrCreate, FileOptions.None).Dispose();
        else if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(path) != OwnerOnly)
            File.SetUnixFileMode(path, OwnerOnly);
    }

    /// <summary>
    /// Creates a temporary file. Where an open file can be unlinked, it has no name, so that a killed process leaves
    /// nothing behind.
    /// </summary>
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
        var settings = new FileStreamOptions
        {
            Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = options, BufferSize = 1 << 16,
        };
        if (!OperatingSystem.IsWindows())
            settings.UnixCreateMode = OwnerOnly;
        return new(path, settings);
    }
}
