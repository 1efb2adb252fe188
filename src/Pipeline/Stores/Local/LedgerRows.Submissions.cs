using Microsoft.Data.Sqlite;
using Pipeline.Ledger;

namespace Pipeline.Stores.Local;

/// <summary>The ledger's statements: submissions.</summary>
internal static partial class LedgerRows
{
    private const string SubmissionColumns =
        "submission_id, list_id, sequence, state, count, shared_inputs, storage_url, compressed, has_callback, batch_id, posted_at, accepted_at, due_at, "
        + "looks, completed_count, records, failures, message, version";

    /// <summary>A submission that is there is whole, since its rows were committed together.</summary>
    public static void Insert(SqlSession session, SubmissionEntry s, IReadOnlyList<InputEntry> inputs)
    {
        var created = session.Execute(
            $"INSERT INTO submission({SubmissionColumns}) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1) ON CONFLICT DO NOTHING",
            s.SubmissionId, s.ListId, s.Sequence, (int)s.State, s.Count, s.SharedInputs, s.StorageUrl, s.Compressed, s.HasCallback, s.BatchId, Ticks(s.PostedAt),
            Ticks(s.AcceptedAt), Ticks(s.DueAt), s.Looks, s.CompletedCount, s.Records, s.Failures, s.Message);
        if (created == 0)
            return;
        foreach (var input in inputs)
            Insert(session, input);
    }

    public static SubmissionEntry? Update(SqlSession session, SubmissionEntry s) =>
        Number(s.Version) is { } version && session.Execute(
            "UPDATE submission SET list_id=$3, sequence=$4, state=$5, count=$6, shared_inputs=$7, storage_url=$8, compressed=$9, has_callback=$10, batch_id=$11, "
            + "posted_at=$12, accepted_at=$13, due_at=$14, looks=$15, completed_count=$16, records=$17, failures=$18, message=$19, version=version+1 "
            + "WHERE submission_id=$1 AND version=$2",
            s.SubmissionId, version, s.ListId, s.Sequence, (int)s.State, s.Count, s.SharedInputs, s.StorageUrl, s.Compressed, s.HasCallback, s.BatchId,
            Ticks(s.PostedAt), Ticks(s.AcceptedAt), Ticks(s.DueAt), s.Looks, s.CompletedCount, s.Records, s.Failures, s.Message) > 0
            ? s with { Version = Text(version + 1) }
            : null;

    public static SubmissionEntry? Submission(SqlSession session, string submissionId)
    {
        using var rows = session.Query($"SELECT {SubmissionColumns} FROM submission WHERE submission_id=$1", submissionId);
        return rows.Read() ? ReadSubmission(rows) : null;
    }

    public static IReadOnlyList<SubmissionEntry> Submissions(SqlSession session, string listId, int after, int max)
    {
        using var rows = session.Query(
            $"SELECT {SubmissionColumns} FROM submission WHERE list_id=$1 AND sequence>$2 ORDER BY sequence LIMIT $3", listId, after, max);
        return All(rows, ReadSubmission);
    }

    public static IReadOnlyList<SubmissionEntry> DueSubmissions(SqlSession session, DateTimeOffset now, int max)
    {
        using var rows = session.Query($"SELECT {SubmissionColumns} FROM submission WHERE due_at<=$1 ORDER BY due_at LIMIT $2", now.UtcTicks, max);
        return All(rows, ReadSubmission);
    }

    private static SubmissionEntry ReadSubmission(SqliteDataReader row) => new()
    {
        SubmissionId = row.GetString(0),
        ListId = row.GetString(1),
        Sequence = row.GetInt32(2),
        State = (SubmissionState)row.GetInt32(3),
        Count = row.GetInt32(4),
        SharedInputs = row.GetString(5),
        StorageUrl = NullableText(row, 6),
        Compressed = row.GetBoolean(7),
        HasCallback = row.GetBoolean(8),
        BatchId = NullableText(row, 9),
        PostedAt = Time(row, 10),
        AcceptedAt = Time(row, 11),
        DueAt = Time(row, 12),
        Looks = row.GetInt32(13),
        CompletedCount = row.GetInt32(14),
        Records = row.GetInt32(15),
        Failures = row.GetInt32(16),
        Message = NullableText(row, 17),
        Version = Text(row.GetInt64(18)),
    };
}
