namespace Pipeline.Stores.Local.Erasing;

/// <summary>
/// Rewrites the state file without its free pages and empties its log, which both still hold what was deleted.
/// https://www.sqlite.org/lang_vacuum.html
/// </summary>
internal static class Compaction
{
    // Counters of requests. The file must be compacted while they differ.
    private const string Requested = "erase:compact";
    private const string Done = "erase:compacted";

    private const int Attempts = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Requests a compaction, which survives a kill of this process. A compaction that has already begun does not
    /// count.
    /// </summary>
    public static void Request(SqlSession session) => session.Execute(
        "INSERT INTO setting(name, value) VALUES($1, '1') ON CONFLICT DO UPDATE SET value=value+1", Requested);

    /// <summary>Compacts the file if that was requested. Other processes may use it meanwhile; writers wait.</summary>
    /// <returns>Why it could not be done now, for people; null if it was done.</returns>
    public static async Task<string?> RunAsync(
        LocalDatabase database, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (await database.ReadAsync(FindRequest, cancellationToken) is not { } request)
                return null;
            if (await Task.Run(() => TryRun(database.Path), cancellationToken))
            {
                await database.WriteAsync(
                    session => session.Execute(
                        "INSERT INTO setting(name, value) VALUES($1, $2) ON CONFLICT DO UPDATE SET value=$2", Done,
                        request),
                    durable: true, cancellationToken);
                return null;
            }
            await Task.Delay(Pause, time, cancellationToken);
        }
        return $"Another process reads {database.Path} all the time, so its log still holds deleted rows. "
            + "Run the same command again.";
    }

    private static string? FindRequest(SqlSession session) => session.Scalar(
        "SELECT value FROM setting WHERE name=$1 AND value IS NOT (SELECT value FROM setting WHERE name=$2)",
        Requested, Done) as string;

    private static bool TryRun(string path)
    {
        try
        {
            using var session = new SqlSession(path, create: false);
            session.Script("VACUUM");
            // The first column is 1 if a reader kept the log from being emptied.
            return session.Scalar("PRAGMA wal_checkpoint(TRUNCATE)") is 0L;
        }
        catch (Exception error) when (LocalErrors.Translate(error, path) is var translated && translated != error)
        {
            throw translated;
        }
    }
}
