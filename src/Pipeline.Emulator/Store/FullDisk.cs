using Microsoft.Data.Sqlite;

namespace Pipeline.Emulator.Store;

/// <summary>
/// Whether the emulator's own disk is full. Then no task ends for it: what is asked for is refused for now, and jobs are run again
/// until there is room.
/// </summary>
internal sealed class FullDisk(EmulatorOptions options)
{
    // errno(3): ENOSPC, EDQUOT on Linux and on macOS; .NET keeps the raw number in HResult.
    private const int NoSpace = 28, QuotaLinux = 122, QuotaMac = 69;

    // https://www.sqlite.org/rescode.html; the shared memory file reports a full disk as an I/O error.
    private const int SqliteFull = 13, SqliteInputOutput = 10;
    private const long LeastRoom = 64 * 1024;

    /// <summary>Whether there is room for a few writes.</summary>
    public bool HasRoom
    {
        get
        {
            try
            {
                return new DriveInfo(Path.GetFullPath(options.DataFolder)).AvailableFreeSpace >= LeastRoom;
            }
            // A disk that cannot say how full it is does not count as full.
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return true;
            }
        }
    }

    /// <summary>Whether it is what an error comes from.</summary>
    public bool Explains(Exception error) => error switch
    {
        SqliteException { SqliteErrorCode: SqliteFull } => true,
        SqliteException { SqliteErrorCode: SqliteInputOutput } => !HasRoom,
        IOException => error.HResult is NoSpace or QuotaLinux or QuotaMac,
        // The bucket of the emulator's own says only that it failed.
        Work.DeliveryException => !HasRoom,
        _ => error.InnerException is { } inner && Explains(inner),
    };
}
