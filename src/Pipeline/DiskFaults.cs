namespace Pipeline;

/// <summary>Tells a full disk, and faults that pass by themselves, from a disk that somebody must look at.</summary>
internal static class DiskFaults
{
    // errno(3), on Linux and macOS; .NET keeps the raw number in HResult.
    private const int Again = 11, TooManyOpenInAll = 23, TooManyOpen = 24, NoSpace = 28, QuotaMac = 69, QuotaLinux = 122;

    // https://learn.microsoft.com/windows/win32/debug/system-error-codes
    private const int WindowsSharing = unchecked((int)0x80070020), WindowsLock = unchecked((int)0x80070021);
    private const int WindowsHandleFull = unchecked((int)0x80070027), WindowsFull = unchecked((int)0x80070070);

    /// <summary>The least room in which a state can be written: a few pages of SQLite.</summary>
    private const long LeastRoom = 64 * 1024;

    /// <summary>Whether an error means that a disk, or a quota on it, has no room left.</summary>
    public static bool IsFull(Exception error) =>
        error is IOException && error.HResult is (NoSpace or QuotaLinux or QuotaMac or WindowsFull or WindowsHandleFull);

    /// <summary>Whether an error of a file may be over a moment later: too many open files, a scanner that holds it.</summary>
    public static bool MayPass(Exception error) =>
        error is IOException && error.HResult is (Again or TooManyOpen or TooManyOpenInAll or WindowsSharing or WindowsLock);

    /// <summary>Whether the disk that holds a path has room for a few writes.</summary>
    public static bool HasRoom(string path)
    {
        try
        {
            var existing = Path.GetFullPath(path);
            while (!Path.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
                existing = parent;
            return new DriveInfo(existing).AvailableFreeSpace >= LeastRoom;
        }
        // A disk that cannot say how full it is does not count as full.
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return true;
        }
    }
}
