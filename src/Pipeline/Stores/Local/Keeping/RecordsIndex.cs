using System.Buffers;
using System.Text.Json;
using Pipeline.Stores.Local.Erasing;
using Pipeline.Stores.Local.Records;

namespace Pipeline.Stores.Local.Keeping;

/// <summary>
/// Finds the lines of <c>records.ndjson</c> again after a restore. The file may have more lines than the backup knows,
/// which stay, or fewer. A line that a crash cut off is not counted, so the next append removes it.
/// </summary>
internal static class RecordsIndex
{
    // Ids stand at the beginning of a line; content, which may be long, comes later.
    private const int MaxHead = 4096;

    /// <summary>Reads the file, and replaces the state's rows about it.</summary>
    /// <returns>Number of lines.</returns>
    public static long Rebuild(SqlSession session, string path)
    {
        session.Execute("DELETE FROM record");
        session.Execute("DELETE FROM record_count");
        var (lines, length) = (0L, 0L);
        if (File.Exists(path))
            foreach (var (start, end, head) in LinesOf(path))
            {
                length = end + 1;
                lines += Add(session, start, end - start, head);
            }
        session.Execute(
            "INSERT INTO record_count(list_id, records) SELECT list_id, COUNT(*) FROM record GROUP BY list_id");
        foreach (var name in new[] { NdjsonRecordStore.RecordsFile, OutputFiles.Failures, OutputFiles.Manifest })
            session.Execute(
                "INSERT INTO sink_file(name, length, state) VALUES($1, 0, 0) ON CONFLICT DO NOTHING", name);
        session.Execute("UPDATE sink_file SET length=$2 WHERE name=$1", NdjsonRecordStore.RecordsFile, length);
        OutputFiles.Mark(session, OutputFiles.Failures);
        OutputFiles.Mark(session, OutputFiles.Manifest);
        return lines;
    }

    private static int Add(SqlSession session, long start, long length, byte[] head)
    {
        var ids = IdsOf(head);
        return ids.Id is null || ids.ListId is null || ErasedLists.Has(session, ids.ListId)
            ? 0
            : session.Execute(
                "INSERT INTO record(id, list_id, submission_id, offset, length) VALUES($1, $2, $3, $4, $5) "
                    + "ON CONFLICT DO NOTHING",
                ids.Id, ids.ListId, ids.SubmissionId ?? "", start, length);
    }

    private static (string? Id, string? ListId, string? SubmissionId) IdsOf(byte[] head)
    {
        var ids = (Id: (string?)null, ListId: (string?)null, SubmissionId: (string?)null);
        try
        {
            var json = new Utf8JsonReader(head, isFinalBlock: false, default);
            while (ids.SubmissionId is null && json.Read() && json.CurrentDepth <= 1)
            {
                if (json.TokenType != JsonTokenType.PropertyName)
                    continue;
                if (json.ValueTextEquals("id"u8) && json.Read())
                    ids.Id = json.GetString();
                else if (json.ValueTextEquals("list_id"u8) && json.Read())
                    ids.ListId = json.GetString();
                else if (json.ValueTextEquals("submission_id"u8) && json.Read())
                    ids.SubmissionId = json.GetString();
            }
        }
        catch (JsonException)
        {
            // Not a record.
        }
        return ids;
    }

    private static IEnumerable<(long Start, long End, byte[] Head)> LinesOf(string path)
    {
        using var file = new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var buffer = new byte[256 * 1024];
        var head = new ArrayBufferWriter<byte>(MaxHead);
        var (start, position) = (0L, 0L);
        for (int read; (read = file.Read(buffer)) > 0; position += read)
        {
            var from = 0;
            for (int feed; (feed = Array.IndexOf(buffer, (byte)'\n', from, read - from)) >= 0; from = feed + 1)
            {
                Keep(head, buffer.AsSpan(from, feed - from));
                yield return (start, position + feed, head.WrittenSpan.ToArray());
                head.ResetWrittenCount();
                start = position + feed + 1;
            }
            Keep(head, buffer.AsSpan(from, read - from));
        }
    }

    private static void Keep(ArrayBufferWriter<byte> head, ReadOnlySpan<byte> bytes) =>
        head.Write(bytes[..Math.Min(bytes.Length, MaxHead - head.WrittenCount)]);
}
