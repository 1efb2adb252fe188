using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Pipeline.Diagnostics;
using Pipeline.IO;
using Pipeline.Ports.Ledgers;
using Pipeline.Stores.Keeping;

namespace Pipeline.Stores.Local.Keeping;

/// <summary>
/// Copies a state folder while others work on it: the database through SQLite's own backup, which reads it as it is at
/// one moment, then the lists that its messages name. A copy of the file alone would miss what is in its log.
/// https://www.sqlite.org/backup.html
/// </summary>
internal static class LocalBackup
{
    /// <summary>Writes a backup.</summary>
    /// <param name="state">The folder of the state.</param>
    /// <param name="to">A writable, seekable file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops the backup.</param>
    public static async Task<BackupNote> WriteAsync(
        string state, Stream to, TimeProvider time, CancellationToken cancellationToken)
    {
        // Taken before the copy, so that anything posted during the copy counts as posted after it.
        var since = time.GetUtcNow();
        try
        {
            using var work = new WorkFolder(state, WorkFolder.Backup);
            var copy = Path.Combine(work.Path, LocalDatabase.FileName);
            PrivateFiles.Ensure(copy);
            var (lists, submissions, inputs, restore) = Copy(Path.Combine(state, LocalDatabase.FileName), copy);
            CrashPoint.Pass("backup.after-copy");
            using var zip = new ZipArchive(to, ZipArchiveMode.Create, leaveOpen: true);
            var files = new List<BackupFile>();
            foreach (var (name, path) in FilesOf(state).Prepend((LocalDatabase.FileName, copy)))
                if (await AddAsync(zip, name, path, cancellationToken) is { } added)
                    files.Add(added);
            var note = new BackupNote
            {
                Since = since, State = state, Lists = lists, Submissions = submissions, Inputs = inputs, Files = files,
                LostSince = restore?.IsRecent(since) == true ? restore.Since : null,
            };
            await BackupArchive.WriteNoteAsync(zip, note, cancellationToken);
            CrashPoint.Pass("backup.after-note");
            return note;
        }
        catch (Exception error) when (LocalErrors.Translate(error, state) is var translated && translated != error)
        {
            throw translated;
        }
    }

    private static (long Lists, long Submissions, long Inputs, LedgerRestore? Restore) Copy(string from, string to)
    {
        using (var source = Open(from, SqliteOpenMode.ReadWrite))
        using (var target = Open(to, SqliteOpenMode.ReadWriteCreate))
        {
            source.BackupDatabase(target);
            // A single file, without a log beside it.
            using var journal = target.CreateCommand();
            journal.CommandText = "PRAGMA journal_mode=DELETE";
            journal.ExecuteNonQuery();
        }
        using var session = new SqlSession(to, create: false);
        long Count(string sql) => (long)session.Scalar(sql)!;
        return (
            Count("SELECT COUNT(*) FROM list"), Count("SELECT COUNT(*) FROM submission"),
            Count("SELECT COUNT(*) FROM input"), LocalRestoreLedger.Find(session));
    }

    internal static SqliteConnection Open(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 30,
        }.ToString());
        connection.Open();
        return connection;
    }

    /// <summary>The small files that the database needs to be of full use.</summary>
    private static IEnumerable<(string Name, string Path)> FilesOf(string state)
    {
        foreach (var folder in new[] { "lists", "schedules" })
            if (Directory.Exists(Path.Combine(state, folder)))
                foreach (var path in Directory.EnumerateFiles(Path.Combine(state, folder)))
                    if (!AtomicFile.IsTemporary(path))
                        yield return ($"{folder}/{Path.GetFileName(path)}", path);
        if (File.Exists(Path.Combine(state, "callback.key")))
            yield return ("callback.key", Path.Combine(state, "callback.key"));
    }

    private static async Task<BackupFile?> AddAsync(
        ZipArchive zip, string name, string path, CancellationToken cancellationToken)
    {
        FileStream file;
        try
        {
            file = File.OpenRead(path);
        }
        // A list that was read meanwhile may be deleted.
        catch (FileNotFoundException)
        {
            return null;
        }
        await using (file)
        {
            var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
            file.Position = 0;
            await using var entry = await zip.CreateEntry(name, CompressionLevel.Fastest).OpenAsync(cancellationToken);
            await file.CopyToAsync(entry, cancellationToken);
            return new(name, file.Length, digest);
        }
    }
}
