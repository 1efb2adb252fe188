namespace Pipeline.IO;

/// <summary>Distinguishes full disks and transient file errors from errors that need an operator.</summary>
internal static class DiskFaults
{
    // errno(3), on Linux and macOS; .NET keeps the raw number in HResult.
    private const int Again = 11, TooManyOpenInAll = 23, TooManyOpen = 24, NoSpace = 28, QuotaMac = 69,
    QuotaLinux = 122;

    // https://learn.microsoft.com/windows/win32/debug/system-error-codes
    private const int WindowsSharing = unchecked((int)0x80070020), WindowsLock = unchecked((int)0x80070021);
    private const int WindowsHandleFull = unchecked((int)0x80070027), WindowsFull = unchecked((int)0x80070070);

    /// <summary>Free bytes below which a disk counts as full: SQLite needs a few pages to commit.</summary>
    private const long MinFreeBytes = 64 * 1024;

    /// <summary>Free bytes that normal work needs: some records, and the log of the state.</summary>
    public const long WorkingBytes = 1024 * 1024;

    /// <summary>Whether the disk is full or a disk quota is used up.</summary>
    public static bool IsFull(Exception error) =>
        error is IOException
            && error.HResult is (NoSpace or QuotaLinux or QuotaMac or WindowsFull or WindowsHandleFull);

    /// <summary>
    /// Whether a file error may clear by itself: too many open files, or another program holds the file.
    /// </summary>
    public static bool MayPass(Exception error) =>
        error is IOException
            && error.HResult is (Again or TooManyOpen or TooManyOpenInAll or WindowsSharing or WindowsLock);

    /// <summary>Whether the disk that holds a path has at least this many free bytes.</summary>
    public static bool HasRoom(string path, long bytes = MinFreeBytes)
    {
        try
        {
            var existing = Path.GetFullPath(path);
            while (!Path.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
                existing = parent;
            return new DriveInfo(existing).AvailableFreeSpace >= bytes;
        }
        // A disk that does not report its free space is not treated as full.
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return true;
        }
    }
}
