using Microsoft.Data.Sqlite;

namespace Pipeline.Stores.Local;

/// <summary>What the disk and SQLite say, as the pipeline's one exception. Anything that is not the disk's fault stays as it is.</summary>
internal static class LocalErrors
{
    // https://www.sqlite.org/rescode.html
    private const int Permission = 3, Busy = 5, Locked = 6, NoMemory = 7, ReadOnly = 8, InputOutput = 10, Corrupt = 11, Full = 13, CannotOpen = 14, Protocol = 15, NotADatabase = 26;

    public static Exception Translate(Exception error, string path) => error switch
    {
        SqliteException { SqliteErrorCode: Corrupt or NotADatabase } => PipelineException.Permanent(
            FailureReasons.InvalidConfiguration,
            $"The state file '{path}' is damaged or was not written by this program ({error.Message}). Restore it, or start anew with another state folder.",
            error),
        SqliteException { SqliteErrorCode: Permission or ReadOnly } or UnauthorizedAccessException => PipelineException.Permanent(
            FailureReasons.AccessDenied, $"'{path}' cannot be written ({error.Message}). Give this user the right to write there, or name another folder.", error),
        SqliteException { SqliteErrorCode: Full } => PipelineException.Transient(
            FailureReasons.Unavailable, $"The disk that holds '{path}' is full. Free some space; nothing that was written is lost.", inner: error),
        SqliteException { SqliteErrorCode: Busy or Locked or Protocol } => PipelineException.Transient(
            FailureReasons.Unavailable, $"Another process has held '{path}' locked for too long. Is one stopped or suspended?", inner: error),
        SqliteException { SqliteErrorCode: NoMemory or InputOutput or CannotOpen } or IOException => PipelineException.Transient(
            FailureReasons.Unavailable, $"'{path}' cannot be read or written at the moment: {error.Message}", inner: error),
        _ => error,
    };
}
