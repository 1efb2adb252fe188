using System.Security.Cryptography;
using System.Text.Json;
using Pipeline.Diagnostics;
using Pipeline.Json;
using Pipeline.Model;
using Pipeline.Stores.Local.Records;

namespace Pipeline.Stores.Local.Erasing;

/// <summary>
/// Removes the lines of a list from <c>records.ndjson</c>. The new file replaces the old one in one step, at the end of
/// the transaction that moves the positions of the other lists' lines. After a kill between the two, the file is
/// shorter than the state says by exactly the lines of an announced erasure; the next writer then completes it.
/// </summary>
internal static class RecordsErasure
{
    private const string Announced = "erase:records:";
    private const string Generation = "records.generation";

    /// <summary>Records, in a transaction before <see cref="Erase"/>, whose lines will be removed.</summary>
    public static void Announce(SqlSession session, string listId) =>
        session.Execute("INSERT INTO setting(name, value) VALUES($1, '') ON CONFLICT DO NOTHING", Announced + listId);

    /// <summary>A number that changes whenever lines move; null before the first time.</summary>
    public static string? GenerationOf(SqlSession session) =>
        (string?)session.Scalar("SELECT value FROM setting WHERE name=$1", Generation);

    /// <summary>Erases the lines of a list.</summary>
    /// <returns>Number of lines.</returns>
    public static int Erase(SqlSession session, string path, string listId)
    {
        var gone = GoneLines.Of(session, listId);
        if (gone.Count > 0)
        {
            var file = new AtomicFile(path);
            session.Enlist(commit =>
            {
                if (commit)
                {
                    file.Commit();
                    CrashPoint.Pass("erase.after-rename");
                }
                file.Dispose();
            });
            CopyOthers(path, gone, LengthOf(session), file.Stream);
            file.Stream.Position = 0;
            Move(session, gone, file.Stream);
        }
        Forget(session, listId);
        return gone.Lines;
    }

    /// <summary>Completes an erasure that was killed after the file was replaced.</summary>
    public static void Complete(SqlSession session, string path)
    {
        var missing = LengthOf(session) - (File.Exists(path) ? new FileInfo(path).Length : 0);
        if (missing <= 0)
            return;
        foreach (var listId in AnnouncedLists(session))
        {
            var gone = GoneLines.Of(session, listId);
            if (gone.Bytes != missing)
                continue;
            using var file = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Move(session, gone, file);
            Forget(session, listId);
            // The rest of the interrupted transaction, so that the manifest counts what the file holds.
            ListRows.EraseFailures(session, listId);
            ListRows.Erase(session, listId);
            return;
        }
    }

    private static List<string> AnnouncedLists(SqlSession session)
    {
        using var rows = session.Query(
            "SELECT name FROM setting WHERE name>=$1 AND name<$2", Announced, Announced + "~");
        var lists = new List<string>();
        while (rows.Read())
            lists.Add(rows.GetString(0)[Announced.Length..]);
        return lists;
    }

    private static void CopyOthers(string path, GoneLines gone, long length, FileStream to)
    {
        try
        {
            using var from = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var buffer = new byte[256 * 1024];
            foreach (var (start, end) in gone.Others(length))
            {
                from.Position = start;
                while (from.Position < end)
                {
                    var want = (int)Math.Min(buffer.Length, end - from.Position);
                    from.ReadExactly(buffer, 0, want);
                    to.Write(buffer, 0, want);
                }
            }
            to.Flush();
        }
        catch (IOException error)
        {
            throw LocalErrors.Translate(error, path);
        }
    }

    /// <summary>Moves the positions of the other lines, and corrects the manifests of their lists.</summary>
    private static void Move(SqlSession session, GoneLines gone, FileStream remaining)
    {
        gone.MoveRows(session);
        session.Execute(
            "UPDATE sink_file SET length=length-$1 WHERE name=$2", gone.Bytes, NdjsonRecordStore.RecordsFile);
        session.Execute(
            "INSERT INTO setting(name, value) VALUES($1, '1') ON CONFLICT DO UPDATE SET value=value+1", Generation);
        CorrectManifests(session, gone, remaining);
    }

    private static void CorrectManifests(SqlSession session, GoneLines gone, FileStream remaining)
    {
        var manifests = new List<Manifest>();
        using (var rows = session.Query("SELECT json FROM manifest WHERE list_id<>$1", gone.ListId))
        {
            while (rows.Read())
                if (ManifestText.Read(rows.GetBytes(0)) is { } manifest)
                    manifests.Add(manifest);
        }
        var lengths = manifests.SelectMany(m => m.Locations).Select(l => l.Bytes - gone.BytesBefore(l.Bytes));
        var digests = DigestsOf(remaining, [.. lengths.Distinct().Order()]);
        foreach (var manifest in manifests)
            session.Execute(
                "UPDATE manifest SET json=$2 WHERE list_id=$1", manifest.ListId,
                JsonSerializer.SerializeToUtf8Bytes(
                    manifest with { Locations = [.. manifest.Locations.Select(Correct)] },
                    PipelineJson.Plain.Manifest));
        if (manifests.Count > 0)
            OutputFiles.Mark(session, OutputFiles.Manifest);

        RecordLocation Correct(RecordLocation location)
        {
            var bytes = location.Bytes - gone.BytesBefore(location.Bytes);
            return location with { Bytes = bytes, Sha256 = digests[bytes] };
        }
    }

    /// <summary>Reads a file once and returns the digest of its start at each of the given lengths.</summary>
    private static Dictionary<long, string> DigestsOf(FileStream file, IReadOnlyList<long> lengths)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var digests = new Dictionary<long, string>();
        var buffer = new byte[256 * 1024];
        var position = 0L;
        foreach (var length in lengths)
        {
            while (position < length)
            {
                var read = file.ReadAtLeast(
                    buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - position)), minimumBytes: 1);
                hash.AppendData(buffer, 0, read);
                position += read;
            }
            digests[length] = Convert.ToHexStringLower(hash.GetCurrentHash());
        }
        return digests;
    }

    private static void Forget(SqlSession session, string listId)
    {
        session.Execute("DELETE FROM record WHERE list_id=$1", listId);
        session.Execute("DELETE FROM record_count WHERE list_id=$1", listId);
        session.Execute("DELETE FROM setting WHERE name=$1", Announced + listId);
    }

    private static long LengthOf(SqlSession session) => session.Scalar(
        "SELECT length FROM sink_file WHERE name=$1", NdjsonRecordStore.RecordsFile) as long? ?? 0;
}
