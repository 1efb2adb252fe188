using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Pipeline.Diagnostics;
using Pipeline.IO;
using Pipeline.Model;
using Pipeline.Stores.Keeping;
using Pipeline.Stores.Local.Erasing;
using Pipeline.Stores.Local.Records;

namespace Pipeline.Stores.Local.Keeping;

/// <summary>
/// Restores a state folder. Everything is checked and prepared in a copy. Then SQLite replaces the content of the
/// database in one transaction, so a kill leaves the old or the new content, and no log of the old one is read with the
/// new one.
/// </summary>
internal sealed class LocalRestore(string state, string output, TimeProvider time)
{
    // https://www.sqlite.org/rescode.html
    private const int NoSuchTable = 1, Corrupt = 11, NotADatabase = 26;

    private static readonly string[] _folders = ["lists", "schedules"];

    /// <summary>Path of the damaged database that the restore found; null if it was intact.</summary>
    public string? Damaged { get; private set; }

    /// <summary>Restores a backup.</summary>
    /// <param name="backup">The backup; seekable.</param>
    /// <param name="cancellationToken">
    /// Cancels the restore until it begins to replace the state; after that it is completed.
    /// </param>
    /// <returns>The note of the backup, and the number of records in the output folder.</returns>
    /// <exception cref="PipelineException">
    /// Permanent: the backup is damaged or of another version, or a process works on the state.
    /// </exception>
    public async Task<(BackupNote Note, long Records)> RunAsync(Stream backup, CancellationToken cancellationToken)
    {
        if (HealthNote.IsHeld(state))
            throw BackupArchive.Refuse(
                $"A 'pipeline' process works in {state}. Stop it, then run the same command again.");
        try
        {
            using var work = new WorkFolder(state, WorkFolder.Restore);
            var note = await ExtractAsync(backup, work.Path, cancellationToken);
            var copy = Path.Combine(work.Path, LocalDatabase.FileName);
            Check(copy, note);
            SetDamagedAside();
            var records = Prepare(copy, note);
            CrashPoint.Pass("restore.before-replace");
            Replace(copy);
            CrashPoint.Pass("restore.after-replace");
            CopyFiles(note, work.Path);
            return (note, records);
        }
        catch (Exception error) when (error is InvalidDataException or JsonException)
        {
            throw BackupArchive.Damaged(error);
        }
        catch (Exception error) when (LocalErrors.Translate(error, state) is var translated && translated != error)
        {
            throw translated;
        }
    }

    /// <summary>Unpacks the files and compares each with its digest, before anything is changed.</summary>
    private static async Task<BackupNote> ExtractAsync(
        Stream backup, string work, CancellationToken cancellationToken)
    {
        using var zip = new ZipArchive(backup, ZipArchiveMode.Read, leaveOpen: true);
        var note = await BackupArchive.ReadNoteAsync(zip, BackupNote.Folder, cancellationToken);
        foreach (var file in note.Files)
        {
            if (!IsKnown(file.Name))
                throw new InvalidDataException($"it names {file.Name}, which no backup holds.");
            var path = Path.Combine(work, file.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            PrivateFiles.Ensure(path);
            await using var target = new FileStream(path, FileMode.Create, FileAccess.ReadWrite);
            var entry = zip.GetEntry(file.Name) ?? throw new InvalidDataException($"{file.Name} is missing.");
            await using (var content = await entry.OpenAsync(cancellationToken))
                await content.CopyToAsync(target, cancellationToken);
            target.Position = 0;
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(target, cancellationToken)) != file.Sha256)
                throw new InvalidDataException($"{file.Name} does not have its digest.");
        }
        return File.Exists(Path.Combine(work, LocalDatabase.FileName))
            ? note
            : throw new InvalidDataException("it has no database.");
    }

    /// <summary>Whether a backup may hold a file of this name.</summary>
    private static bool IsKnown(string name) =>
        name is LocalDatabase.FileName or "callback.key"
        || (name.Split('/') is [var folder, not ("" or "." or "..") and var file]
            && _folders.Contains(folder) && Path.GetFileName(file) == file && !file.Contains('\0'));

    /// <summary>Checks and migrates the database of the backup.</summary>
    private static void Check(string copy, BackupNote note)
    {
        try
        {
            using var session = new SqlSession(copy, create: false);
            if (session.Scalar("PRAGMA quick_check") is not "ok")
                throw new InvalidDataException("its database is damaged.");
            if ((long)session.Scalar("PRAGMA user_version")! > LocalSchema.Version)
                throw BackupArchive.Newer();
            LocalSchema.Apply(session, copy);
            if ((long)session.Scalar("SELECT COUNT(*) FROM submission")! != note.Submissions
                || (long)session.Scalar("SELECT COUNT(*) FROM input")! != note.Inputs)
                throw new InvalidDataException("its database does not have as many rows as its note says.");
        }
        catch (SqliteException error) when (error.SqliteErrorCode is NoSuchTable or Corrupt or NotADatabase)
        {
            throw new InvalidDataException("its database is damaged.", error);
        }
    }

    /// <summary>
    /// Renames a database that cannot be read, together with its log, which must not be read with another database.
    /// </summary>
    private void SetDamagedAside()
    {
        var path = Path.Combine(state, LocalDatabase.FileName);
        if (!File.Exists(path) || IsReadable(path))
            return;
        Damaged = path + ".damaged";
        for (var number = 2; File.Exists(Damaged); number++)
            Damaged = $"{path}.damaged-{number}";
        foreach (var end in new[] { "-wal", "-shm", "" })
            if (File.Exists(path + end))
                File.Move(path + end, Damaged + end);
    }

    private static bool IsReadable(string path)
    {
        try
        {
            using var session = new SqlSession(path, create: false);
            _ = ErasedLists.All(session);
            return true;
        }
        catch (SqliteException error) when (error.SqliteErrorCode is Corrupt or NotADatabase)
        {
            return false;
        }
    }

    private long Prepare(string copy, BackupNote note)
    {
        using var session = new SqlSession(copy, create: false);
        session.Script("BEGIN IMMEDIATE");
        LocalRestoreLedger.Put(session, new(note.UnknownSince, time.GetUtcNow()));
        // A lease from the time of the backup is no longer held.
        session.Execute(
            "UPDATE message SET owner=NULL, receipt=receipt+1, visible_at=MIN(visible_at, $1)",
            time.GetUtcNow().UtcTicks);
        // Its message may have been in transit when the backup was made, so Sweep sends it again at once.
        session.Execute(
            "UPDATE submission SET due_at=$2 WHERE state=$1 AND due_at>$2", (int)SubmissionState.Planned,
            time.GetUtcNow().UtcTicks);
        EraseAgain(session);
        Move(session, note);
        var records = RecordsIndex.Rebuild(session, Path.Combine(output, NdjsonRecordStore.RecordsFile));
        session.Script("COMMIT");
        session.Script("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;");
        return records;
    }

    /// <summary>Erases again what was erased after the backup, as far as the replaced state knows it.</summary>
    private void EraseAgain(SqlSession session)
    {
        var path = Path.Combine(state, LocalDatabase.FileName);
        if (!File.Exists(path))
            return;
        using (var old = new SqlSession(path, create: false))
            foreach (var (name, value) in ErasedLists.All(old))
                ErasedLists.Add(session, name, value);
        using var rows = session.Query("SELECT list_id FROM list");
        var lists = new List<string>();
        while (rows.Read())
            lists.Add(rows.GetString(0));
        foreach (var list in lists.Where(list => ErasedLists.Has(session, list)))
        {
            session.Execute(
                "DELETE FROM failure WHERE json_extract(CAST(json AS TEXT), '$.list_id')=$1", list);
            ListRows.Erase(session, list);
        }
    }

    /// <summary>Corrects addresses in a state that was in another folder.</summary>
    private void Move(SqlSession session, BackupNote note)
    {
        session.Execute(
            "INSERT INTO setting(name, value) VALUES('out', $1) ON CONFLICT DO UPDATE SET value=$1", output);
        if (note.State != state)
            MovedFolder.Rename(session, "message", "body", note.State, state);
    }

    private void Replace(string copy)
    {
        var path = Path.Combine(state, LocalDatabase.FileName);
        PrivateFiles.Ensure(path);
        using var source = LocalBackup.Open(copy, SqliteOpenMode.ReadWrite);
        using var target = LocalBackup.Open(path, SqliteOpenMode.ReadWriteCreate);
        source.BackupDatabase(target);
    }

    /// <summary>Adds the files that the state lacks.</summary>
    private void CopyFiles(BackupNote note, string work)
    {
        foreach (var file in note.Files.Where(file => file.Name != LocalDatabase.FileName))
        {
            var path = Path.Combine(state, file.Name);
            if (File.Exists(path))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Move(Path.Combine(work, file.Name), path);
        }
    }
}
