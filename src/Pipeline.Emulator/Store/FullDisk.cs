using Microsoft.Data.Sqlite;

namespace Pipeline.Emulator.Store;

/// <summary>
/// Detects that the emulator's own disk is full. A full disk fails no task: the API refuses requests for the time
/// being, and jobs run again until there is space.
/// </summary>
internal sealed class FullDisk(EmulatorOptions options)
{
    // errno(3): ENOSPC, EDQUOT on Linux and on macOS; .NET keeps the raw number in HResult.
    private const int NoSpace = 28, QuotaLinux = 122, QuotaMac = 69;

    // https://www.sqlite.org/rescode.html; the shared memory file reports a full disk as an I/O error.
    private const int SqliteFull = 13, SqliteIoError = 10;
    private const long MinFreeBytes = 64 * 1024;

    /// <summary>Whether there is room for a few writes.</summary>
    public bool HasRoom
    {
        get
        {
            try
            {
                return new DriveInfo(Path.GetFullPath(options.DataFolder)).AvailableFreeSpace >= MinFreeBytes;
            }
            // A disk whose free space cannot be read does not count as full.
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return true;
            }
        }
    }

    /// <summary>Whether a full disk caused an error.</summary>
    public bool Explains(Exception error) => error switch
    {
        SqliteException { SqliteErrorCode: SqliteFull } => true,
        SqliteException { SqliteErrorCode: SqliteIoError } => !HasRoom,
        IOException => error.HResult is NoSpace or QuotaLinux or QuotaMac,
        // A delivery to the emulator's own buckets does not say why it failed.
        Work.Delivery.DeliveryException => !HasRoom,
        _ => error.InnerException is { } inner && Explains(inner),
    };
}
