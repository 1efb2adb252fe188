using Microsoft.Data.Sqlite;
using Pipeline.IO;
using Pipeline.Model;

namespace Pipeline.Stores.Local;

/// <summary>
/// Translates errors of the disk and of SQLite to store faults, which fail no input. Work waits for transient faults;
/// all others stop the host. Returns other exceptions unchanged.
/// </summary>
internal static class LocalErrors
{
    // https://www.sqlite.org/rescode.html
    private const int Permission = 3, Busy = 5, Locked = 6, NoMemory = 7, ReadOnly = 8, InputOutput = 10, Corrupt = 11;
    private const int Full = 13, CannotOpen = 14, Protocol = 15, NotADatabase = 26;

    private const string Continue = "Then run the same command again to continue; nothing is lost.";

    public static Exception Translate(Exception error, string path) => error switch
    {
        SqliteException { SqliteErrorCode: Corrupt or NotADatabase } => Stops(
            FailureReasons.InvalidConfiguration,
            $"The state file '{path}' is damaged or was not written by this program ({WordsOf(error)}). "
            + "Restore it, or start over with another state folder.",
            error),
        SqliteException { SqliteErrorCode: Busy or Locked or Protocol } => PipelineException.StoreWaits(
            FailureReasons.Unavailable,
            $"Another process has held '{path}' locked for too long. Is one stopped or suspended?", error),
        _ when IsFull(error, path) => DiskFull(path, error),
        SqliteException { SqliteErrorCode: Permission or ReadOnly } or UnauthorizedAccessException => Stops(
            FailureReasons.AccessDenied,
            $"'{path}' cannot be written ({WordsOf(error)}). Give this user write permission. {Continue}", error),
        SqliteException { SqliteErrorCode: InputOutput or CannotOpen } when !File.Exists(path) => Gone(path, error),
        FileNotFoundException or DirectoryNotFoundException => Gone(path, error),
        SqliteException { SqliteErrorCode: NoMemory or CannotOpen } => Passes(path, error),
        IOException when DiskFaults.MayPass(error) => Passes(path, error),
        SqliteException { SqliteErrorCode: InputOutput } or IOException => Stops(
            FailureReasons.Unavailable,
            $"'{path}' cannot be read or written ({WordsOf(error)}). Check the disk. {Continue}", error),
        _ => error,
    };

    /// <summary>
    /// Whether an error means that the disk is full. SQLite's shared memory file reports that as an I/O error.
    /// </summary>
    public static bool IsFull(Exception error, string path) => error switch
    {
        SqliteException { SqliteErrorCode: Full } => true,
        SqliteException { SqliteErrorCode: InputOutput or CannotOpen } => !DiskFaults.HasRoom(path),
        _ => DiskFaults.IsFull(error),
    };

    /// <summary>Creates the error for a file that was renamed, moved or removed, itself or with its folder.</summary>
    public static PipelineException Gone(string path, Exception? inner = null) => Stops(
        FailureReasons.Unavailable,
        $"There is no file '{path}' any more: somebody renamed, moved or removed it or its folder. Move it back "
            + $"to that place. {Continue}",
        inner);

    /// <summary>Creates the error for a full disk.</summary>
    public static PipelineException DiskFull(string path, Exception? inner) => PipelineException.StoreWaits(
        FailureReasons.Unavailable,
        $"The disk that holds '{path}' is full. Free some space; nothing that was written is lost.", inner);

    /// <summary>The cause in plain words: SQLite's text without its number.</summary>
    public static string WordsOf(Exception error) => error is SqliteException sqlite
        ? sqlite.Message.Split('\'', 2)[^1].TrimEnd('.', '\'', ' ')
        : FaultWords.Of(error);

    private static PipelineException Passes(string path, Exception error) => PipelineException.StoreWaits(
        FailureReasons.Unavailable, $"'{path}' cannot be read or written now: {WordsOf(error)}.", error);

    private static PipelineException Stops(string reason, string message, Exception? inner) =>
        PipelineException.StoreStops(reason, message, inner);
}
